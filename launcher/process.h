// Starts one program: own process group, /dev/null as stdin, pipes for stdout and stderr, nothing
// else open, killed when the launcher dies.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "launcher/mount_plan.h"
#include "launcher/rank_env.h"
#include "launcher/unique_fd.h"
#include "runtime/base/status.h"

namespace lockstep {

struct Program {
  std::vector<std::string> command;  // command[0] is looked up in env's PATH unless it has a '/'
  Environment env;
  std::string working_dir;  // empty: ours
  MountPlan mounts = {};    // not empty: in a mount namespace of its own, where the rest holds
  std::string root = {};    // the folder that the mounts make its root; for messages
};

struct Process {
  pid_t pid = -1;   // also the number of its process group
  UniqueFd exited;  // pidfd: readable when it has ended; wait for it as for any child
  UniqueFd output;  // what it writes to stdout; not blocking
  UniqueFd errors;  // and to stderr
};

struct StartFailure {
  int exit_code;           // as a shell's: 127 not found, 126 found but not to be executed
  std::string message;     // "no program 'trainr' in PATH (searched /usr/bin:/bin)"
  bool at_mounts = false;  // it came to nothing before the program was looked for
};

struct StartOutcome {
  Process process;
  std::optional<StartFailure> failure;
};

// Error: the system would give us no process or no descriptor.
// REQUIRES: no other threads.
Result<StartOutcome> StartProcess(const Program& program);

}  // namespace lockstep
