#include "launcher/output_mux.h"

namespace lockstep {
namespace {

constexpr std::size_t kLastLinesMax = 20;
constexpr std::size_t kLastLineBytesMax = 4096;

}  // namespace

Result<OutputMux> OutputMux::Open(const JobDir& dir, Terminal* terminal) {
  LOCKSTEP_ASSIGN_OR_RETURN(LogFile merged, LogFile::Create(dir.merged_log_path()));
  return OutputMux(dir, terminal, std::move(merged));
}

Result<int> OutputMux::AddSource(const MemberName& member) {
  Source source;
  source.prefix = member.rank >= 0 ? "[" + std::to_string(member.rank) + "] " : "[init] ";
  source.merged = member.sidecar.empty();
  if (member.rank >= 0) {
    LOCKSTEP_ASSIGN_OR_RETURN(source.file, LogFile::Create(dir_.rank_log_path(member.rank)));
  } else if (!source.merged) {
    LOCKSTEP_ASSIGN_OR_RETURN(source.file, LogFile::Create(dir_.sidecar_log_path(member.sidecar)));
  }
  sources_.push_back(std::move(source));
  return static_cast<int>(sources_.size()) - 1;
}

void OutputMux::Write(int source, Stream stream, std::string_view bytes) {
  Source& from = sources_[static_cast<std::size_t>(source)];
  Deliver(&from, stream, from.splitters[static_cast<std::size_t>(stream)].Split(bytes));
}

void OutputMux::Finish(int source, Stream stream) {
  Source& from = sources_[static_cast<std::size_t>(source)];
  Deliver(&from, stream, from.splitters[static_cast<std::size_t>(stream)].Finish());
}

void OutputMux::Deliver(Source* source, Stream stream, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  std::string plain;
  std::string prefixed;
  for (const std::string& line : lines) {
    plain.append(line).append("\n");
    prefixed.append(source->prefix).append(line).append("\n");
    source->last_lines.push_back(line.substr(0, kLastLineBytesMax));
    if (source->last_lines.size() > kLastLinesMax) source->last_lines.pop_front();
  }
  if (source->file) Warn(source->file->Append(plain));
  if (!source->merged) return;
  if (terminal_ != nullptr) terminal_->Write(stream, prefixed);
  Warn(merged_.Append(prefixed));
}

void OutputMux::Note(const std::string& sentence) {
  const std::string line = "[lockstep] " + sentence + "\n";
  if (terminal_ != nullptr) terminal_->Write(Stream::kErr, line);
  Warn(merged_.Append(line));
}

void OutputMux::Warn(const Status& status) {
  if (status.ok() || terminal_ == nullptr) return;
  terminal_->Write(Stream::kErr,
                   "lockstep: some output is lost: " + status.message() + " (the ranks go on)\n");
}

std::vector<std::string> OutputMux::LastLines(int source) const {
  const Source& from = sources_[static_cast<std::size_t>(source)];
  return {from.last_lines.begin(), from.last_lines.end()};
}

}  // namespace lockstep
