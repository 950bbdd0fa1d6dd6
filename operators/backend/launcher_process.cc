#include "operators/backend/launcher_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

namespace lockstep {
namespace {

// The whole of a small file; nullopt: not there. A process may be gone between the open and the
// read of its file in /proc.
std::optional<std::string> ReadSmallFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  char text[1024];
  const ssize_t n = read(fd.get(), text, sizeof(text));
  if (n < 0) return std::nullopt;
  return std::string(text, static_cast<std::size_t>(n));
}

const std::string& BootId() {
  static const std::string id = ReadSmallFile("/proc/sys/kernel/random/boot_id").value_or("\n");
  return id;
}

// Fields 3 (state) and 22 (start time, in ticks since boot) of /proc/PID/stat. The name before them
// may hold blanks and parentheses, so they are counted from its end. Used in a forked process too:
// nothing is allocated.
struct ProcessStat {
  char state = 0;
  std::string_view start_time;
};
std::optional<ProcessStat> ParseStat(std::string_view text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return std::nullopt;
  text.remove_prefix(name_end + 2);
  ProcessStat stat{.state = text[0], .start_time = {}};
  for (int field = 3; field < 22; ++field) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    text.remove_prefix(blank + 1);
  }
  stat.start_time = text.substr(0, text.find(' '));
  return stat;
}

// What launcher.pid says: "PID START_TIME BOOT_ID".
struct Claim {
  pid_t pid = 0;
  std::string start_time;
  std::string boot_id;
};
std::optional<Claim> ParseClaim(std::string_view text) {
  Claim claim;
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + first, claim.pid);
  if (parsed.ec != std::errc() || claim.pid <= 0) return std::nullopt;
  claim.start_time = text.substr(first + 1, second - first - 1);
  claim.boot_id = text.substr(second + 1);
  return claim;
}

bool IsAlive(const Claim& claim) {
  if (claim.boot_id != BootId()) return false;
  const auto text = ReadSmallFile("/proc/" + std::to_string(claim.pid) + "/stat");
  const auto stat = text ? ParseStat(*text) : std::nullopt;
  // A zombie waits for a parent that may never ask; it does nothing any more.
  return stat && stat->start_time == claim.start_time && stat->state != 'Z' && stat->state != 'X';
}

// The descriptor is opened first and the process checked after, so that it is that of the process
// that was checked, whatever happens to its number meanwhile.
UniqueFd OpenAlive(const Claim& claim) {
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, claim.pid, 0U)));
  return process.valid() && IsAlive(claim) ? std::move(process) : UniqueFd();
}

constexpr int kNotBegun = -1;  // no errno

// All that the new processes need, made before them. They share this process's memory until the
// launcher's program is started, and this thread waits for that (CLONE_VFORK): a fork would copy
// the page tables of the whole operator, twice a job. In them only async-signal-safe calls are
// allowed, for other threads may hold any lock.
struct Preparation {
  std::vector<std::string> command;
  std::vector<char*> argv;
  std::string log_path;
  std::string claim_path;
  std::string temporary_prefix;
  std::string boot_id;
  std::vector<char> session_stack = std::vector<char>(64 << 10);
  std::vector<char> launcher_stack = std::vector<char>(64 << 10);
  int error = kNotBegun;  // written by the launcher: 0, or errno of its claim
};

class FixedText {  // a string that never allocates
 public:
  void Append(std::string_view text) {
    const std::size_t n = std::min(text.size(), sizeof(text_) - 1 - size_);
    std::memcpy(text_ + size_, text.data(), n);
    size_ += n;
    text_[size_] = '\0';
  }
  void Append(long number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
    Append(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  const char* c_str() const { return text_; }
  std::size_t size() const { return size_; }

 private:
  char text_[8192] = "";
  std::size_t size_ = 0;
};

// errno, or 0. EEXIST: somebody else has the claim.
int ClaimDirectory(const Preparation& prepared) {
  char stat_text[1024];
  const int stat_fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  const ssize_t n = stat_fd < 0 ? -1 : read(stat_fd, stat_text, sizeof(stat_text));
  if (n <= 0) return EIO;
  close(stat_fd);
  const auto stat = ParseStat({stat_text, static_cast<std::size_t>(n)});
  if (!stat) return EIO;
  FixedText claim;
  claim.Append(getpid());
  claim.Append(" ");
  claim.Append(stat->start_time);
  claim.Append(" ");
  claim.Append(prepared.boot_id);
  FixedText temporary;
  temporary.Append(prepared.temporary_prefix);
  temporary.Append(getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  int error = 0;
  if (write(fd, claim.c_str(), claim.size()) != static_cast<ssize_t>(claim.size())) {
    error = EIO;
  } else if (link(temporary.c_str(), prepared.claim_path.c_str()) != 0) {
    error = errno;
  }
  close(fd);
  unlink(temporary.c_str());
  return error;
}

// Replaces itself by the launcher. REQUIRES: called in a process of its own
int BecomeLauncher(void* argument) {
  Preparation& prepared = *static_cast<Preparation*>(argument);
  int error = ClaimDirectory(prepared);
  const int log = open(prepared.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int null = open("/dev/null", O_RDONLY);
  if (error == 0 && (log < 0 || null < 0)) error = errno;
  prepared.error = error;
  if (error != 0) _exit(125);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  // Nothing of the operator's is inherited: no socket, no database, no lock.
  syscall(SYS_close_range, 3U, ~0U, 0U);
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) signal(signal_number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execv(prepared.argv[0], prepared.argv.data());
  _exit(127);  // the claim stays: this launcher is gone without having begun
}

// Stacks grow down.
pid_t CloneSharing(int (*run)(void*), std::vector<char>& stack, Preparation& prepared) {
  const auto end = reinterpret_cast<std::uintptr_t>(stack.data() + stack.size());
  return clone(run, reinterpret_cast<void*>(end & ~std::uintptr_t{15}),
               CLONE_VM | CLONE_VFORK | SIGCHLD, &prepared);
}

// The second process leaves the launcher to init: it is no child of the operator.
int StartInNewSession(void* argument) {
  Preparation& prepared = *static_cast<Preparation*>(argument);
  setsid();
  _exit(CloneSharing(BecomeLauncher, prepared.launcher_stack, prepared) < 0 ? 1 : 0);
}

}  // namespace

Status LauncherProcess::Start(const std::vector<std::string>& command) const {
  if (access(command[0].c_str(), X_OK) != 0) {
    return FailedPrecondition("the launcher " + command[0] + " cannot be started: " +
                              std::strerror(errno) + "; install lockstep again");
  }
  auto prepared = std::make_unique<Preparation>();
  prepared->command = command;
  for (std::string& word : prepared->command) prepared->argv.push_back(word.data());
  prepared->argv.push_back(nullptr);
  prepared->log_path = dir_ + "/launcher.log";
  prepared->claim_path = pid_path();
  prepared->temporary_prefix = pid_path() + ".";
  prepared->boot_id = BootId();
  // A handler of this process must not run in the others, on memory that is not theirs.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = CloneSharing(StartInNewSession, prepared->session_stack, *prepared);
  const int why = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) return ErrnoStatus("start a process for " + dir_, why);
  int wait_status = 0;
  while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
  }
  const int error = prepared->error;
  // Killed while it waited for the launcher's program: the launcher may still need its stack.
  if (WIFSIGNALED(wait_status)) (void)prepared.release();
  if (error == kNotBegun) {
    return Unavailable("the launcher for " + dir_ + " ended before it began: out of processes?");
  }
  if (error == 0 || error == EEXIST) return OkStatus();
  return ErrnoStatus("claim " + pid_path(), error);
}

Result<LauncherLife> LauncherProcess::Life() const {
  const auto text = ReadSmallFile(pid_path());
  if (!text) {
    if (access(pid_path().c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
      return LauncherLife::kNone;
    return FailedPrecondition("read " + pid_path() + ": not permitted");
  }
  // A power cut may leave an empty claim: it is not synced, for what it names ends with the power.
  if (text->empty()) return LauncherLife::kGone;
  const auto claim = ParseClaim(*text);
  if (!claim) return Internal(pid_path() + ": is no claim of ours: '" + *text + "'");
  return IsAlive(*claim) ? LauncherLife::kAlive : LauncherLife::kGone;
}

UniqueFd LauncherProcess::Open() const {
  const auto claim = ParseClaim(ReadSmallFile(pid_path()).value_or(""));
  return claim ? OpenAlive(*claim) : UniqueFd();
}

Status LauncherProcess::AskToStop() const {
  const std::string asked = dir_ + "/stop";
  if (access(asked.c_str(), F_OK) == 0) return OkStatus();
  const auto claim = ParseClaim(ReadSmallFile(pid_path()).value_or(""));
  if (!claim) return Internal(pid_path() + ": cannot be read");
  const UniqueFd process = OpenAlive(*claim);
  if (process.valid() && syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0U) != 0 &&
      errno != ESRCH)
    return ErrnoStatus("stop the launcher of " + dir_, errno);
  const UniqueFd marker(open(asked.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return marker.valid() ? OkStatus() : ErrnoStatus("write " + asked, errno);
}

}  // namespace lockstep
