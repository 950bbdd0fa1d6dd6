#include "launcher/signal_watch.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace lockstep {

Result<SignalWatch> SignalWatch::Start() {
  SignalWatch watch;
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction action{};
    sigaction(number, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&wanted, number);
  }
  sigprocmask(SIG_BLOCK, &wanted, &watch.before_);
  struct sigaction action{};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, &watch.pipe_before_);
  action.sa_handler = SIG_DFL;  // ignored, it would take the children's exit codes away
  sigaction(SIGCHLD, &action, &watch.child_before_);
  watch.fd_ = UniqueFd(signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!watch.fd_.valid()) return ErrnoStatus("watch signals", errno);
  return watch;
}

SignalWatch::~SignalWatch() {
  if (!fd_.valid()) return;
  sigaction(SIGPIPE, &pipe_before_, nullptr);
  sigaction(SIGCHLD, &child_before_, nullptr);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int SignalWatch::Next() {
  signalfd_siginfo info{};
  return read(fd_.get(), &info, sizeof(info)) == sizeof(info) ? static_cast<int>(info.ssi_signo)
                                                              : 0;
}

}  // namespace lockstep
