#include "launcher/line_splitter.h"

#include <algorithm>
#include <utility>

namespace lockstep {

std::vector<std::string> LineSplitter::Split(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t run = std::min(bytes.find_first_of("\r\n"), bytes.size());
    const std::size_t room = std::min(run, line_bytes_max_ - partial_.size());
    partial_ += bytes.substr(0, room);
    bytes.remove_prefix(room);
    if (room > 0) after_return_ = false;
    if (room < run) {  // full
      lines.push_back(std::exchange(partial_, {}));
      continue;
    }
    if (bytes.empty()) break;
    const bool is_return = bytes[0] == '\r';
    bytes.remove_prefix(1);
    // A bar that redraws itself begins with '\r': no line. The '\n' of "\r\n" neither.
    const bool ends_line = is_return ? !partial_.empty() : !after_return_;
    if (ends_line) lines.push_back(std::exchange(partial_, {}));
    after_return_ = is_return && ends_line;
  }
  return lines;
}

std::vector<std::string> LineSplitter::Finish() {
  if (partial_.empty()) return {};
  return {std::exchange(partial_, {})};
}

}  // namespace lockstep
