#include "launcher/guardian.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "launcher/podman_container.h"
#include "launcher/process_sweep.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

constexpr std::chrono::seconds kSweepBound{20};
constexpr std::chrono::seconds kDismissBound{10};

struct Message {
  char kind;  // '+' and '-' a group; 'r' ready, with errno; 'd' done
  std::int32_t value;
};

void Detach(int socket, int lock) {
  setsid();
  prctl(PR_SET_NAME, "lockstep-guard");
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP}) {
    signal(signal_number, SIG_IGN);
  }
  // Whoever reads what the launcher prints must see its end when the launcher ends.
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  const int low = std::min(socket, lock);
  const int high = std::max(socket, lock);
  if (low > 3) close_range(3, static_cast<unsigned>(low - 1), 0);
  if (high > low + 1)
    close_range(static_cast<unsigned>(low + 1), static_cast<unsigned>(high - 1), 0);
  close_range(static_cast<unsigned>(high + 1), ~0U, 0);
}

void WriteLauncherLost(const GuardedJob& job, pid_t launcher, std::size_t survivors) {
  if (access(job.dir.exit_path().c_str(), F_OK) == 0) return;  // it died after its last word
  ExitRecord record;
  record.exit_code = kExitLauncherFailed;
  record.cause = ExitCause::kLauncherLost;
  record.started_at = job.started_at;
  record.ended_at = FormatTime(SystemClock().Now());
  FailureRecord& failure = record.failure.emplace();
  failure.host = job.host;
  failure.cause = record.cause;
  failure.exit_code = record.exit_code;
  failure.message = "the launcher (pid " + std::to_string(launcher) + " on host " + job.host +
                    ") was killed; its ranks were ended with it";
  if (survivors > 0) {
    failure.message += ", but " + std::to_string(survivors) + " processes could not be killed";
  }
  // With the disk gone there is nobody left to tell: the free lock without exit.json says it.
  (void)job.dir.WriteExit(record);
}

// Returns when the launcher is done, or after having cleaned up behind it.
void Guard(const GuardedJob& job, pid_t launcher, int socket) {
  SweepTarget target;
  target.tag = job.tag;
  target.since = StartTicks(getpid());
  target.spare = {getpid()};
  while (true) {
    Message message{};
    const ssize_t n = recv(socket, &message, sizeof(message), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n != sizeof(message)) break;
    if (message.kind == 'd') return;
    if (message.kind == '+') target.groups.insert(message.value);
    if (message.kind == '-') target.groups.erase(message.value);
  }
  for (const pid_t group : target.groups) kill(-group, SIGKILL);
  // First: their processes are found by their tag all the same, but podman would not know.
  (void)RemoveContainers(job.dir, job.search_path, kSweepBound);
  const std::vector<pid_t> survivors = SweepProcesses(target, kSweepBound);
  WriteLauncherLost(job, launcher, survivors.size());
}

[[noreturn]] void RunGuardian(const GuardedJob& job, pid_t launcher, int socket,
                              const PreparedLock& lock) {
  Detach(socket, lock.fd.get());
  const Message ready{'r', PublishJobLock(job.dir, lock)};
  send(socket, &ready, sizeof(ready), MSG_NOSIGNAL);
  if (ready.value == 0) Guard(job, launcher, socket);
  _exit(0);
}

bool WaitReadable(int fd, std::chrono::milliseconds bound) {
  pollfd readable{fd, POLLIN, 0};
  return poll(&readable, 1, static_cast<int>(bound.count())) == 1;
}

}  // namespace

Result<Guardian> Guardian::Start(const GuardedJob& job, PreparedLock lock) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return ErrnoStatus("make the guardian's socket", errno);
  }
  Guardian guardian;
  guardian.socket_ = UniqueFd(ends[0]);
  UniqueFd other(ends[1]);
  const pid_t launcher = getpid();
  guardian.pid_ = fork();
  if (guardian.pid_ < 0) return ErrnoStatus("start the guardian process", errno);
  if (guardian.pid_ == 0) {
    guardian.socket_.reset();
    RunGuardian(job, launcher, other.get(), lock);
  }
  other.reset();
  Message ready{};
  if (!WaitReadable(ends[0], kDismissBound) ||
      recv(ends[0], &ready, sizeof(ready), MSG_DONTWAIT) != sizeof(ready)) {
    kill(guardian.pid_, SIGKILL);
    waitpid(guardian.pid_, nullptr, 0);
    return Internal("the guardian process (pid " + std::to_string(guardian.pid_) +
                    ") did not start");
  }
  if (ready.value != 0) {
    waitpid(guardian.pid_, nullptr, 0);
    if (ready.value == EEXIST) {
      return AlreadyExists("the job directory " + job.dir.path() +
                           " was used by another run; choose a new one");
    }
    return ErrnoStatus("put the lock in its place " + job.dir.lock_path(), ready.value);
  }
  return guardian;
}

void Guardian::Send(char kind, pid_t group) {
  const Message message{kind, group};
  // When the guardian is stopped and the socket full, the tag still finds what it must.
  send(socket_.get(), &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Guardian::Dismiss() {
  if (pid_ < 0) return;
  Send('d', 0);
  // It closes its end when it leaves.
  if (!WaitReadable(socket_.get(), kDismissBound)) kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace lockstep
