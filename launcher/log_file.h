// A log file of whole lines that outlives a full disk: what cannot be written is counted, and the
// file says so where it was lost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "launcher/unique_fd.h"
#include "runtime/base/status.h"

namespace lockstep {

class LogFile {
 public:
  static Result<LogFile> Create(std::string path);

  // `lines` ends with a line feed. The Status of the first loss only, so that it is told once.
  Status Append(std::string_view lines);

 private:
  bool WriteAll(std::string_view text);

  std::string path_;
  UniqueFd fd_;
  std::uint64_t lost_bytes_ = 0;
  bool torn_ = false;  // the last write ended within a line
  bool told_ = false;
};

}  // namespace lockstep
