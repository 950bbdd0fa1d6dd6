// Signals as a descriptor, for a poll loop. One at a time in a process, before threads.
#pragma once

#include <signal.h>

#include "launcher/unique_fd.h"
#include "runtime/base/status.h"

namespace lockstep {

// Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD and ignores SIGPIPE until it goes. Those of the first
// three that the caller ignores (nohup, a shell's background job) stay ignored.
class SignalWatch {
 public:
  static Result<SignalWatch> Start();
  SignalWatch(SignalWatch&& other) noexcept = default;
  ~SignalWatch();

  int fd() const { return fd_.get(); }
  // The next pending signal, or 0.
  int Next();

 private:
  SignalWatch() = default;

  UniqueFd fd_;
  sigset_t before_{};
  struct sigaction pipe_before_{};
  struct sigaction child_before_{};
};

}  // namespace lockstep
