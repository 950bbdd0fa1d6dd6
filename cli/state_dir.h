// The state directory: where an operator keeps everything, and how a verb finds it.
#pragma once

#include <string>

#include "runtime/base/job_env.h"
#include "runtime/base/status.h"

namespace lockstep {

struct StateDir {
  std::string path;  // absolute

  std::string socket_path() const { return path + "/operator.sock"; }
  std::string lock_path() const { return path + "/operator.lock"; }
  std::string log_path() const { return path + "/operator.log"; }
  std::string database_path() const { return path + "/state.db"; }
  std::string jobs_path() const { return path + "/jobs"; }
  std::string volumes_path() const { return path + "/volumes"; }
};

// `flag` (--state-dir) unless empty, else LOCKSTEP_STATE_DIR, else $XDG_STATE_HOME/lockstep, else
// ~/.local/state/lockstep. Touches no disk.
Result<StateDir> FindStateDir(const std::string& flag, const EnvReader& env);

// Makes the directory (mode 0700) and proves that it can be written. FailedPrecondition says what
// stands in the way.
Status PrepareStateDir(const StateDir& dir);

}  // namespace lockstep
