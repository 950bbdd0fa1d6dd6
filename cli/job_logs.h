// The output of a job, read from its directory.
#pragma once

#include <functional>
#include <string>

#include "cli/state_dir.h"
#include "runtime/base/status.h"

namespace lockstep {

// The directory of a job's newest generation. NotFound: the job has not started here.
Result<std::string> LatestGeneration(const StateDir& dir, const std::string& namespace_,
                                     const std::string& job);

struct LogRequest {
  std::string generation_path;
  int rank = -1;  // -1: all ranks, each line with its rank in front
  bool follow = false;
};
// Hands the log to `write` in pieces, until its end; when following, until the job has ended and
// everything is written. `write` returns false to stop. NotFound: no such rank.
Status ReadLog(const LogRequest& request, const std::function<bool(std::string_view)>& write);

}  // namespace lockstep
