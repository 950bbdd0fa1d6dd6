#include "tests/cli/lockstep_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace lockstep {
namespace {

std::string MakeDir() {
  char path[] = "/tmp/lockstep-cli-XXXXXX";
  return mkdtemp(path);
}

struct Child {
  pid_t pid = -1;
  int in = -1, out = -1, err = -1;
};

Child Start(const std::string& state_dir, const std::vector<std::string>& args) {
  int in[2], out[2], err[2];
  EXPECT_EQ(pipe2(in, O_CLOEXEC) + pipe2(out, O_CLOEXEC) + pipe2(err, O_CLOEXEC), 0);
  std::vector<const char*> argv = {LOCKSTEP_BINARY_DIR "/lockstep"};
  for (const std::string& arg : args) argv.push_back(arg.c_str());
  argv.push_back(nullptr);
  Child child{fork(), in[1], out[0], err[0]};
  if (child.pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    signal(SIGINT, SIG_DFL);  // ignored in what a shell runs in the background
    setenv("LOCKSTEP_STATE_DIR", state_dir.c_str(), 1);
    execv(argv[0], const_cast<char* const*>(argv.data()));
    _exit(127);
  }
  for (const int fd : {in[0], out[1], err[1]}) close(fd);
  return child;
}

// Reads both outputs to their ends; calls `look` now and then. False: past the deadline.
template <class Look>
bool ReadAll(const Child& child, std::chrono::steady_clock::time_point end, Outcome& outcome,
             Look look) {
  pollfd fds[] = {{child.out, POLLIN, 0}, {child.err, POLLIN, 0}};
  std::string* texts[] = {&outcome.out, &outcome.err};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    if (poll(fds, 2, 20) <= 0) {
      look();
      continue;
    }
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char piece[4096];
      const ssize_t size = read(fds[i].fd, piece, sizeof piece);
      if (size > 0) {
        texts[i]->append(piece, static_cast<std::size_t>(size));
      } else {
        fds[i].fd = -1;
      }
    }
    look();
  }
  return true;
}

void Finish(const Child& child, bool in_time, Outcome& outcome) {
  if (!in_time) kill(child.pid, SIGKILL);
  int status = 0;
  waitpid(child.pid, &status, 0);
  close(child.out);
  close(child.err);
  if (in_time) outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

LockstepTest::LockstepTest() : dir_(MakeDir()), state_dir_(dir_ + "/state") {}

LockstepTest::~LockstepTest() {
  if (std::filesystem::exists(state_dir_ + "/operator.sock")) {
    Run({"delete", "-f", dir_});  // ends the jobs that run
  }
  if (const pid_t pid = OperatorPid(); pid > 0) {
    kill(pid, SIGTERM);
    EXPECT_TRUE(Eventually([&] { return OperatorPid() == 0; })) << "the operator does not stop";
  }
  if (HasFailure()) {
    std::ifstream log(state_dir_ + "/operator.log");
    std::cerr << "operator.log:\n" << log.rdbuf() << "\n";
  }
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

Outcome LockstepTest::Run(const std::vector<std::string>& args, const std::string& input,
                          std::chrono::seconds deadline) {
  const Child child = Start(state_dir_, args);
  signal(SIGPIPE, SIG_IGN);
  EXPECT_TRUE(input.empty() || write(child.in, input.data(), input.size()) > 0);
  close(child.in);
  Outcome outcome;
  const bool in_time = ReadAll(child, std::chrono::steady_clock::now() + deadline, outcome, [] {});
  Finish(child, in_time, outcome);
  return outcome;
}

Outcome LockstepTest::RunUntil(const std::vector<std::string>& args, const std::string& until,
                               int signal_number) {
  const auto seen = [&](const Outcome& so_far, pid_t) {
    return so_far.out.find(until) != std::string::npos ||
           so_far.err.find(until) != std::string::npos;
  };
  return RunUntil(args, seen, signal_number);
}

Outcome LockstepTest::RunUntil(const std::vector<std::string>& args,
                               const std::function<bool(const Outcome& so_far, pid_t)>& condition,
                               int signal_number) {
  const Child child = Start(state_dir_, args);
  Outcome outcome;
  bool sent = false;
  const bool in_time =
      ReadAll(child, std::chrono::steady_clock::now() + std::chrono::seconds(60), outcome, [&] {
        if (sent || !condition(outcome, child.pid)) return;
        sent = true;
        kill(child.pid, signal_number);
      });
  close(child.in);
  Finish(child, in_time, outcome);
  return outcome;
}

Json LockstepTest::Get(const std::string& kind, const std::string& name) {
  const Outcome got = Run({"get", kind, name, "-o", "json"});
  EXPECT_EQ(got.code, 0) << got.err;
  return Json::parse(got.out, nullptr, false);
}

pid_t LockstepTest::OperatorPid() const {
  const int fd = open((state_dir_ + "/operator.lock").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return 0;
  const bool free = flock(fd, LOCK_EX | LOCK_NB) == 0;
  close(fd);
  if (free) return 0;
  std::ifstream file(state_dir_ + "/operator.lock");
  pid_t pid = 0;
  file >> pid;
  return pid;
}

std::string LockstepTest::WriteFile(const std::string& name, const std::string& text) {
  std::ofstream(dir_ + "/" + name) << text;
  return dir_ + "/" + name;
}

void LockstepTest::WaitALittle() { poll(nullptr, 0, 20); }

std::string LockstepTest::ExperimentYaml(const std::string& name, const std::string& script,
                                         int trials, int ranks) {
  std::string quoted = Json(script).dump();
  for (std::size_t at; (at = quoted.find("${x}")) != std::string::npos;) {
    quoted.replace(at, 4, "${trialParameters.x}");
  }
  return "apiVersion: kubeflow.org/v1beta1\n"
         "kind: Experiment\n"
         "metadata:\n"
         "  name: " +
         name +
         "\n"
         "spec:\n"
         "  objective: {type: maximize, objectiveMetricName: accuracy}\n"
         "  algorithm: {algorithmName: random}\n"
         "  maxTrialCount: " +
         std::to_string(trials) +
         "\n"
         "  parallelTrialCount: " +
         std::to_string(std::min(trials, 2)) +
         "\n"
         "  maxFailedTrialCount: " +
         std::to_string(trials) +
         "\n"
         "  parameters:\n"
         "  - name: x\n"
         "    parameterType: double\n"
         "    feasibleSpace: {min: \"0.1\", max: \"0.9\"}\n"
         "  trialTemplate:\n"
         "    primaryContainerName: main\n"
         "    trialParameters:\n"
         "    - {name: x, reference: x}\n"
         "    trialSpec:\n"
         "      apiVersion: lockstep.dev/v1alpha1\n"
         "      kind: TrainingJob\n"
         "      spec:\n"
         "        gracePeriodSeconds: 1\n"
         "        roles:\n"
         "        - name: worker\n"
         "          replicas: " +
         std::to_string(ranks) +
         "\n"
         "          template:\n"
         "            spec:\n"
         "              containers:\n"
         "              - name: main\n"
         "                command: [sh, -c, " +
         quoted + ", \"${trialParameters.x}\"]\n";
}

}  // namespace lockstep
