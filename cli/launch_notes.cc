#include "cli/launch_notes.h"

#include <charconv>
#include <fstream>
#include <optional>

#include "launcher/job_dir.h"

namespace lockstep {
namespace {

constexpr std::string_view kMark = "[lockstep] ";
constexpr std::size_t kNotesMax = 10;
constexpr std::size_t kHeadBytes = std::size_t{64} << 10;

struct PortNote {
  std::string role;
  int index = 0;
  int port = 0;
};

// "ROLE INDEX listens on port PORT instead of ..." (launcher/port_lease.cc).
std::optional<PortNote> ParsePort(std::string_view sentence) {
  constexpr std::string_view kListens = " listens on port ";
  const std::size_t listens = sentence.find(kListens);
  if (listens == std::string_view::npos) return std::nullopt;
  const std::size_t space = sentence.rfind(' ', listens - 1);
  if (listens == 0 || space == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view text, int& value) {
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
  };
  PortNote note{.role = std::string(sentence.substr(0, space))};
  if (!number(sentence.substr(space + 1, listens - space - 1), note.index) ||
      !number(sentence.substr(listens + kListens.size()), note.port)) {
    return std::nullopt;
  }
  return note;
}

}  // namespace

LaunchNotes ParseLaunchNotes(std::string_view log) {
  LaunchNotes notes;
  for (std::size_t begin = 0; begin < log.size();) {
    const std::size_t end = log.find('\n', begin);
    if (end == std::string_view::npos) break;  // half a line
    std::string_view line = log.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with(kMark)) continue;
    line.remove_prefix(kMark.size());
    if (const auto port = ParsePort(line)) {
      notes.ports[{port->role, port->index}] = port->port;
    } else if (notes.others.size() < kNotesMax) {
      notes.others.emplace_back(line);
    }
  }
  return notes;
}

LaunchNotes ReadLaunchNotes(const std::string& job_dir) {
  std::ifstream file(JobDir(job_dir).merged_log_path(), std::ios::binary);
  std::string head(kHeadBytes, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return ParseLaunchNotes(head);
}

}  // namespace lockstep
