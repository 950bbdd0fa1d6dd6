#include "cli/verb.h"

#include <cstdio>

#include "cli/operator_start.h"
#include "runtime/base/exit_code.h"

namespace lockstep {

Result<std::unique_ptr<Session>> OpenSession(const VerbContext& context) {
  LOCKSTEP_ASSIGN_OR_RETURN(StateDir dir, FindStateDir(context.state_dir_flag, ProcessEnv()));
  SessionOptions options;
  options.state_dir = std::move(dir);
  options.version = LOCKSTEP_VERSION;
  options.start = [](const StateDir& state_dir, std::chrono::milliseconds deadline) {
    return StartDetachedOperator(state_dir, "/proc/self/exe", deadline);
  };
  return std::make_unique<Session>(std::move(options));
}

int ExitCodeOfStatus(const Status& status) {
  switch (status.kind()) {
    case StatusKind::kOk: return kExitSuccess;
    case StatusKind::kNotFound: return kExitNotFound;
    case StatusKind::kInvalidArgument:
    case StatusKind::kConflict:
    case StatusKind::kAlreadyExists: return kExitInvalid;
    case StatusKind::kDeadlineExceeded: return kExitTimedOut;
    default: return kExitFailed;
  }
}

int Fail(const Status& status) {
  std::fflush(stdout);
  std::fprintf(stderr, "lockstep: %s\n", status.message().c_str());
  return ExitCodeOfStatus(status);
}

}  // namespace lockstep
