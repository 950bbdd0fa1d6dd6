#include "cli/operator_start.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>

#include "operators/serve/protocol.h"

namespace lockstep {
namespace {

constexpr off_t kLogBytesMax = 10 << 20;
constexpr int kReadyFd = 3;

Result<int> OpenLog(const StateDir& dir) {
  const std::string path = dir.log_path();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus("open " + path, errno);
  struct stat info{};
  if (::fstat(fd, &info) == 0 && info.st_size > kLogBytesMax) {
    ::rename(path.c_str(), (path + ".old").c_str());
    ::close(fd);
    const int fresh = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fresh < 0) return ErrnoStatus("open " + path, errno);
    return fresh;
  }
  return fd;
}

// In the grandchild: becomes the operator. Only calls that are safe after fork.
[[noreturn]] void Become(const char* const* argv, int log_fd, int ready_fd) {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // Above what is about to be replaced, whatever numbers they had.
  const int log_copy = ::fcntl(log_fd, F_DUPFD, 10);
  const int ready_copy = ::fcntl(ready_fd, F_DUPFD, 10);
  const int null_fd = ::open("/dev/null", O_RDWR);
  ::dup2(null_fd, STDIN_FILENO);
  ::dup2(log_copy, STDOUT_FILENO);
  ::dup2(log_copy, STDERR_FILENO);
  ::dup2(ready_copy, kReadyFd);
  ::close_range(kReadyFd + 1, UINT_MAX, 0);  // nothing of the verb's caller stays open in it
  if (::chdir("/") == 0) ::execv(argv[0], const_cast<char* const*>(argv));
  ::_exit(127);
}

Result<std::string> ReadAll(int fd, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::string text;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd waiting{fd, POLLIN, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready == 0) return DeadlineExceeded("it has not said that it is ready");
    if (ready < 0 && errno == EINTR) continue;
    char piece[4096];
    const ssize_t size = ready < 0 ? -1 : ::read(fd, piece, sizeof piece);
    if (size < 0) return ErrnoStatus("read from the operator", errno);
    if (size == 0) return text;
    text.append(piece, static_cast<std::size_t>(size));
  }
}

}  // namespace

Status StartDetachedOperator(const StateDir& dir, const std::string& program,
                             std::chrono::milliseconds deadline,
                             const std::vector<std::string>& arguments) {
  LOCKSTEP_RETURN_IF_ERROR(PrepareStateDir(dir));
  LOCKSTEP_ASSIGN_OR_RETURN(const int log_fd, OpenLog(dir));
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) {
    ::close(log_fd);
    return ErrnoStatus("make a pipe", errno);
  }
  const std::string ready_argument = std::to_string(kReadyFd);
  std::vector<const char*> argv = {program.c_str(),  "operator",   "--state-dir",
                                   dir.path.c_str(), "--ready-fd", ready_argument.c_str()};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    // The second fork: no session leader, so no terminal can ever become its own.
    const pid_t grandchild = ::fork();
    if (grandchild == 0) Become(argv.data(), log_fd, ready[1]);
    ::_exit(grandchild < 0 ? 1 : 0);
  }
  const int fork_error = errno;
  ::close(log_fd);
  ::close(ready[1]);
  int wait_status = 0;
  if (child > 0) ::waitpid(child, &wait_status, 0);
  const Result<std::string> said = child < 0 || wait_status != 0
                                       ? Result<std::string>(ErrnoStatus("fork", fork_error))
                                       : ReadAll(ready[0], deadline);
  ::close(ready[0]);
  const std::string what = "start the operator (" + program + " operator)";
  if (!said.ok()) return said.status().WithContext(what);
  if (*said == kReadyLine) return OkStatus();
  if (said->empty()) {
    return Internal(what + ": it ended before it was ready; see " + dir.log_path());
  }
  return DecodeStatus(0, *said);
}

void ReportReady(int ready_fd, const Status& status) {
  if (ready_fd < 0) return;
  const std::string said = status.ok() ? kReadyLine : EncodeStatus(status).dump();
  [[maybe_unused]] const ssize_t written = ::write(ready_fd, said.data(), said.size());
  ::close(ready_fd);
}

}  // namespace lockstep
