#include "runtime/base/exit_code.h"

#include <sys/wait.h>

#include "runtime/base/check.h"

namespace lockstep {

int ExitCodeOfWaitStatus(int wait_status) {
  if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
  CHECK(WIFSIGNALED(wait_status)) << "the process has not ended: wait status " << wait_status;
  return kExitSignalBase + WTERMSIG(wait_status);
}

}  // namespace lockstep
