// The output of a job, read from its directory.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/log_lines.h"
#include "runtime/base/status.h"

namespace lockstep {

struct LogRequest {
  std::string job_dir;      // of one generation
  std::optional<int> rank;  // nullopt: all ranks, each line with its rank in front
  bool follow = false;
};
// Hands what `lines` shows of the log to `write` in pieces, until its end; when following, until
// the job has ended and everything is written. `write` returns false to stop. NotFound: no such
// rank.
Status ReadLog(const LogRequest& request, LogLines lines,
               const std::function<bool(std::string_view)>& write);

// When something was written to the log last. NotFound: it is not there.
Result<WallTime> LastWritten(const LogRequest& request);

}  // namespace lockstep
