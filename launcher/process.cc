#include "launcher/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "launcher/mount_namespace.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

constexpr int kExecBoundMs = 60'000;  // a file server that hangs must not hang us
// What execvp(3) searches when PATH is not set.
constexpr char kDefaultPath[] = "/bin:/usr/bin";

enum class Step : int { kMount, kChdir, kExec };

// What the child tells over the pipe that exec closes.
struct Report {
  Step step;
  int error;
  MountError mount = {};  // kMount
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus("make a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string SearchPath(const Program& program) {
  const auto path = program.env.find("PATH");
  return path == program.env.end() ? kDefaultPath : path->second;
}

std::vector<std::string> Candidates(const Program& program) {
  const std::string& name = program.command[0];
  if (name.find('/') != name.npos) return {name};
  std::vector<std::string> candidates;
  const std::string path = SearchPath(program);
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string folder = path.substr(begin, end - begin);
    candidates.push_back(folder.empty() ? name : folder + "/" + name);
    begin = end + 1;
  }
  return candidates;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Everything the child needs, made before the fork: it may only call what is safe in a signal
// handler.
struct Image {
  explicit Image(const MountPlan* plan) : mounts(plan) {}

  std::vector<std::string> command;
  std::vector<std::string> env;
  std::vector<std::string> candidates;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<char*> shell_argv;  // for a script without a #! line, as execvp does
  const char* working_dir = "";
  pid_t parent = 0;
  MountNamespace mounts;
};

// errno of the failure, chosen as execvp does: a file that is there but not allowed beats one that
// is not there.
int Execute(Image* image) {
  int error = ENOENT;
  for (std::string& candidate : image->candidates) {
    execve(candidate.c_str(), image->argv.data(), image->envp.data());
    if (errno == ENOEXEC) {
      image->shell_argv[1] = candidate.data();
      execve("/bin/sh", image->shell_argv.data(), image->envp.data());
    }
    if (errno != ENOENT && errno != ENOTDIR && error == ENOENT) error = errno;
  }
  return error;
}

void ResetSignals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void DieWithParent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kExitLauncherFailed);  // it died before we asked
}

// Mounts, directory, program. Returns when one of them failed.
Report Become(Image* image) {
  if (image->mounts.needed()) {
    const MountError failed = image->mounts.Enter();
    if (failed.stage != MountError::kNone) return {Step::kMount, failed.error, failed};
    DieWithParent(image->parent);  // a change of credentials may have cleared it
  }
  if (*image->working_dir != '\0' && chdir(image->working_dir) != 0) return {Step::kChdir, errno};
  return {Step::kExec, Execute(image)};
}

[[noreturn]] void RunChild(Image* image, int output, int errors, int report_fd) {
  setpgid(0, 0);
  DieWithParent(image->parent);
  ResetSignals();
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, 0);
  dup2(output, 1);
  dup2(errors, 2);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  const Report report = Become(image);
  (void)!write(report_fd, &report, sizeof(report));
  _exit(kExitProgramNotFound);
}

StartFailure Explain(const Program& program, const Report& report) {
  const std::string& name = program.command[0];
  const std::string why = std::strerror(report.error);
  if (report.step == Step::kMount) {
    return {kExitNotExecutable, MountNamespace::Explain(program.mounts, report.mount), true};
  }
  if (report.step == Step::kChdir) {
    return {kExitNotExecutable, "cannot go to the working directory '" + program.working_dir +
                                    "' of '" + name + "': " + why};
  }
  if (report.error != ENOENT) {
    return {kExitNotExecutable, "cannot execute '" + name + "': " + why};
  }
  const std::string base = program.working_dir.empty() ? "" : program.working_dir + "/";
  const std::string where = program.root.empty() ? "" : " of the root file system " + program.root;
  for (const std::string& candidate : Candidates(program)) {
    const std::string full = candidate[0] == '/' ? candidate : base + candidate;
    if (access((program.root + full).c_str(), F_OK) == 0) {
      return {kExitNotExecutable, "cannot execute '" + full +
                                      "': its interpreter (the #! line, or the dynamic loader) is "
                                      "not there"};
    }
  }
  if (name.find('/') != name.npos) {
    return {kExitProgramNotFound,
            "no program '" + (name[0] == '/' ? "" : base) + name + "'" + where};
  }
  return {kExitProgramNotFound,
          "no program '" + name + "' in PATH" + where + " (searched " + SearchPath(program) + ")"};
}

// Waits for exec, or for the report that there was none.
Result<std::optional<Report>> AwaitExec(int report_fd) {
  pollfd readable{report_fd, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&readable, 1, kExecBoundMs)) < 0 && errno == EINTR) {
  }
  if (ready != 1) return DeadlineExceeded("the program did not start within a minute");
  Report report{};
  const ssize_t n = read(report_fd, &report, sizeof(report));
  if (n == sizeof(report)) return std::optional<Report>(report);
  return std::optional<Report>();
}

Image MakeImage(const Program& program) {
  Image image(&program.mounts);
  image.command = program.command;
  for (const auto& [name, value] : program.env) image.env.push_back(name + "=" + value);
  image.candidates = Candidates(program);
  image.argv = Pointers(&image.command);
  image.envp = Pointers(&image.env);
  static char shell[] = "/bin/sh";
  image.shell_argv = {shell, nullptr};
  image.shell_argv.insert(image.shell_argv.end(), image.argv.begin() + 1, image.argv.end());
  image.working_dir = program.working_dir.c_str();
  image.parent = getpid();
  return image;
}

}  // namespace

Result<StartOutcome> StartProcess(const Program& program) {
  Image image = MakeImage(program);
  LOCKSTEP_ASSIGN_OR_RETURN(Pipe output, MakePipe());
  LOCKSTEP_ASSIGN_OR_RETURN(Pipe errors, MakePipe());
  LOCKSTEP_ASSIGN_OR_RETURN(Pipe report, MakePipe());
  StartOutcome outcome;
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus("start a process", errno);
  if (pid == 0) RunChild(&image, output.write.get(), errors.write.get(), report.write.get());
  outcome.process.pid = pid;
  outcome.process.exited = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  output.write.reset();
  errors.write.reset();
  report.write.reset();
  const Result<std::optional<Report>> exec = AwaitExec(report.read.get());
  if (!exec.ok() || exec->has_value() || !outcome.process.exited.valid()) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    if (!exec.ok()) return exec.status().WithContext("'" + program.command[0] + "'");
    if (!exec->has_value()) return Internal("no descriptor for a process (kernel before 5.3?)");
    outcome.failure = Explain(program, **exec);
    return outcome;
  }
  fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
  fcntl(errors.read.get(), F_SETFL, O_NONBLOCK);
  outcome.process.output = std::move(output.read);
  outcome.process.errors = std::move(errors.read);
  return outcome;
}

}  // namespace lockstep
