// The output of a job, read from its directory.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

struct LogRequest {
  std::string job_dir;  // of one generation
  int rank = -1;        // -1: all ranks, each line with its rank in front
  bool follow = false;
};
// Hands the log to `write` in pieces, until its end; when following, until the job has ended and
// everything is written. `write` returns false to stop. NotFound: no such rank.
Status ReadLog(const LogRequest& request, const std::function<bool(std::string_view)>& write);

}  // namespace lockstep
