#include "tests/launcher/launched_run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "launcher/process_sweep.h"
#include "runtime/base/exit_code.h"

extern char** environ;

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kBound{60};

std::string RandomTag() {
  std::random_device random;
  std::ostringstream text;
  text << "test-" << std::hex << random() << random();
  return text.str();
}

UniqueFd OpenPid(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

int MillisecondsUntil(steady_clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "lockstep-test-XXXXXX";
  CHECK(mkdtemp(pattern.data()) != nullptr) << pattern;
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::Write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ + "/" + name) << text;
  return path_ + "/" + name;
}

std::string LaunchedProgram() { return LOCKSTEP_PROGRAM; }

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

LaunchedRun::LaunchedRun(std::vector<std::string> arguments)
    : LaunchedRun(std::move(arguments), Options{}) {}

LaunchedRun::LaunchedRun(std::vector<std::string> arguments, const Options& options)
    : dir_(options.job_dir.empty() ? folder_.path() + "/job" : options.job_dir), tag_(RandomTag()) {
  std::vector<std::string> command = {LOCKSTEP_PROGRAM, "run", "--job-dir", dir_.path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<std::string> env;
  for (char** entry = environ; *entry != nullptr; ++entry) env.emplace_back(*entry);
  env.insert(env.end(), options.env.begin(), options.env.end());
  // As if inside another run: so the launcher and its guardian are found by a tag, too.
  env.push_back("LOCKSTEP_JOB_TAG=" + tag_);
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (std::string& text : command) argv.push_back(text.data());
  for (std::string& text : env) envp.push_back(text.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  std::array<int, 2> out{};
  std::array<int, 2> err{};
  CHECK(pipe2(out.data(), O_CLOEXEC) == 0 && pipe2(err.data(), O_CLOEXEC) == 0) << "pipes";
  out_fd_ = UniqueFd(out[0]);
  err_fd_ = UniqueFd(err[0]);
  if (options.close_stdout) out_fd_.reset();
  pid_ = fork();
  if (pid_ == 0) {
    dup2(out[1], 1);
    dup2(err[1], 2);
    execve(argv[0], argv.data(), envp.data());
    _exit(99);
  }
  CHECK(pid_ > 0) << "fork";
  close(out[1]);
  close(err[1]);
  exited_ = OpenPid(pid_);
}

LaunchedRun::~LaunchedRun() {
  SweepTarget target;
  target.tag = tag_;
  SweepProcesses(target, kBound);
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

void LaunchedRun::Signal(int number) const { kill(pid_, number); }

bool LaunchedRun::ReadSome(int timeout_ms) {
  std::array<pollfd, 2> fds = {{{out_fd_.get(), POLLIN, 0}, {err_fd_.get(), POLLIN, 0}}};
  if (poll(fds.data(), fds.size(), timeout_ms) <= 0) return false;
  std::array<char, 65536> buffer;
  for (int i = 0; i < 2; ++i) {
    if (fds[static_cast<std::size_t>(i)].revents == 0) continue;
    UniqueFd& fd = i == 0 ? out_fd_ : err_fd_;
    const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
    if (n <= 0) {
      fd.reset();
    } else {
      (i == 0 ? out_ : err_).append(buffer.data(), static_cast<std::size_t>(n));
    }
  }
  return true;
}

bool LaunchedRun::AwaitOutput(const std::string& text, int times) {
  const auto end = steady_clock::now() + kBound;
  while (true) {
    int found = 0;
    for (std::size_t at = 0; (at = out_.find(text, at)) != out_.npos; at += text.size()) ++found;
    if (found >= times) return true;
    if (!out_fd_.valid() || !ReadSome(MillisecondsUntil(end))) return false;
  }
}

void LaunchedRun::RunFor(int microseconds) {
  pollfd exited{exited_.get(), POLLIN, 0};
  const timespec time{0, microseconds * 1000L};
  ppoll(&exited, 1, &time, nullptr);
}

RunResult LaunchedRun::Await() {
  const auto end = steady_clock::now() + kBound;
  while (out_fd_.valid() || err_fd_.valid()) {
    if (!ReadSome(MillisecondsUntil(end))) break;
  }
  pollfd exited{exited_.get(), POLLIN, 0};
  if (poll(&exited, 1, MillisecondsUntil(end)) != 1) {
    ADD_FAILURE() << "the run has not ended within a minute; stdout:\n" << out_ << "\n" << err_;
    kill(pid_, SIGKILL);
  }
  RunResult result;
  waitpid(pid_, &result.wait_status, 0);
  pid_ = -1;
  result.exit_code = ExitCodeOfWaitStatus(result.wait_status);
  result.out = out_;
  result.err = err_;
  return result;
}

bool LaunchedRun::AwaitNothingLeft() const {
  SweepTarget target;
  target.tag = tag_;
  const auto end = steady_clock::now() + kBound;
  while (true) {
    const std::vector<pid_t> left = FindProcesses(target);
    if (left.empty()) return true;
    if (steady_clock::now() >= end) return false;
    // Not to its end: a stranger in the middle of exec is listed until it has an environment.
    const UniqueFd process = OpenPid(left[0]);
    pollfd exited{process.get(), POLLIN, 0};
    if (process.valid()) poll(&exited, 1, std::min(MillisecondsUntil(end), 20));
  }
}

std::vector<pid_t> LaunchedRun::Ranks() const {
  const std::string launcher = std::to_string(pid_);
  std::istringstream children(ReadText("/proc/" + launcher + "/task/" + launcher + "/children"));
  std::vector<pid_t> ranks;
  for (pid_t child = 0; children >> child;) {
    // Not the guardian and no stray: those have a session of their own.
    if (getpgid(child) == child && getsid(child) == getsid(0)) ranks.push_back(child);
  }
  return ranks;
}

bool KernelGivesNamespaces() {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : 1);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  return status == 0;
}

}  // namespace lockstep
