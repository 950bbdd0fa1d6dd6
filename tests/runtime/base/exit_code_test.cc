#include "runtime/base/exit_code.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lockstep {
namespace {

// Runs `end` in a child process and returns what waitpid reported of it.
template <class F>
int WaitStatusOf(F end) {
  const pid_t child = fork();
  if (child == 0) {
    end();
    _exit(99);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(ExitCode, IsTheStatusOfAProcessThatExited) {
  EXPECT_EQ(ExitCodeOfWaitStatus(WaitStatusOf([] { _exit(0); })), kExitSuccess);
  EXPECT_EQ(ExitCodeOfWaitStatus(WaitStatusOf([] { _exit(kExitRestartMe); })), kExitRestartMe);
  EXPECT_EQ(ExitCodeOfWaitStatus(WaitStatusOf([] { _exit(255); })), 255);
}

TEST(ExitCode, Is128PlusTheSignalOfAProcessThatWasKilled) {
  EXPECT_EQ(ExitCodeOfWaitStatus(WaitStatusOf([] { raise(SIGKILL); })), 137);
  EXPECT_EQ(ExitCodeOfWaitStatus(WaitStatusOf([] { raise(SIGTERM); })), 143);
}

TEST(ExitCodeDeathTest, AStoppedProcessHasNone) {
  EXPECT_DEATH(ExitCodeOfWaitStatus(W_STOPCODE(SIGSTOP)), "has not ended");
}

}  // namespace
}  // namespace lockstep
