// Experiments whose operator, launchers, guardians, ranks and clients are killed at random moments:
// whatever was hit, the next call continues; no trial, no start and no row is lost or there twice,
// no process and no file is left.
//
// ./dev crash --rounds N, or LOCKSTEP_CRASH_ROUNDS, says how many rounds.
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr int kTrials = 4;
constexpr int kRanks = 2;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// One generation of a trial's job.
struct Generation {
  std::string trial;
  int number = 0;

  friend auto operator<=>(const Generation&, const Generation&) = default;
};

// Of a job directory, .../TRIAL-UID/NUMBER.
std::optional<Generation> GenerationOf(const fs::path& folder) {
  const std::string number = folder.filename();
  const std::string job = folder.parent_path().filename();
  const std::size_t dash = job.rfind('-');
  if (!IsNumber(number) || dash == job.npos) return std::nullopt;
  return Generation{job.substr(0, dash), std::stoi(number)};
}

// A rank that has begun or come to its end, as it wrote itself.
struct RankNote {
  std::string what;  // "begin" or "end"
  Generation generation;
  int rank = 0;
  pid_t pid = 0;
};

struct Killed {
  int operators = 0;
  int launchers = 0;
  int guardians = 0;
  int ranks = 0;
  int clients = 0;
};

// What our processes may leave outside the state directory: shared memory, temporary files.
std::set<std::string> LeftFiles() {
  std::set<std::string> files;
  for (const char* folder : {"/dev/shm", "/tmp"}) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      const std::string name = entry.path().filename();
      const bool of_a_test = name.starts_with("lockstep-cli-");
      if (name.find("lockstep") != name.npos && !of_a_test) files.insert(entry.path());
    }
  }
  return files;
}

class ExperimentCrashTest : public LockstepTest {
 protected:
  void RunRound(int round);

  Killed killed_;
  const std::set<std::string> files_before_ = LeftFiles();
  std::minstd_rand random_;

 private:
  int Draw(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  std::vector<RankNote> Notes() const;
  void Kill();
  void KillOperator();
  void KillLauncher();
  void KillGuardian();
  void KillRank();
  void KillClient(const std::vector<std::string>& args);
  std::string StartRound(int round);
  void CheckTrial(const Json& trial);
  void CheckRows(const Json& trial, int last_generation);
  void CheckStarts(const std::string& trial, int last_generation);
  void CheckFailure(const std::string& trial, const std::set<int>& killed);
  std::vector<std::string> LeftProcesses() const;

  void CheckNothingIsLeft();

  std::string experiment_;
  std::set<Generation> without_launcher_;  // or without guardian
  std::map<Generation, std::set<int>> without_rank_;
};

std::vector<RankNote> ExperimentCrashTest::Notes() const {
  std::istringstream in(ReadFile(dir_ + "/notes-" + experiment_));
  std::vector<RankNote> notes;
  for (RankNote note; in >> note.what >> note.generation.trial >> note.generation.number >>
                      note.rank >> note.pid;) {
    std::string& trial = note.generation.trial;
    trial.resize(trial.rfind('-'));  // a job is called TRIAL-UID
    notes.push_back(note);
  }
  return notes;
}

void ExperimentCrashTest::KillOperator() {
  const pid_t pid = OperatorPid();
  if (pid == 0 || kill(pid, SIGKILL) != 0) return;
  ++killed_.operators;
  EXPECT_TRUE(Eventually([&] { return OperatorPid() != pid; }));
}

// Of a generation that has lost neither: with both gone at once nobody is left to clean up.
void ExperimentCrashTest::KillLauncher() {
  std::vector<std::pair<Generation, pid_t>> running;
  std::error_code none;
  for (const auto& job : fs::directory_iterator(state_dir_ + "/jobs/default", none)) {
    for (const auto& folder : fs::directory_iterator(job.path(), none)) {
      const std::optional<Generation> generation = GenerationOf(folder.path());
      if (!generation || without_launcher_.contains(*generation)) continue;
      pid_t pid = 0;
      std::istringstream(ReadFile(folder.path() / "launcher.pid")) >> pid;
      const std::string command = ReadFile("/proc/" + std::to_string(pid) + "/cmdline");
      const bool is_launcher = pid > 0 && command.find(folder.path()) != std::string::npos;
      if (is_launcher) running.emplace_back(*generation, pid);
    }
  }
  if (running.empty()) return;
  const auto& [generation, pid] = running[Draw(static_cast<int>(running.size()))];
  if (kill(pid, SIGKILL) != 0) return;
  ++killed_.launchers;
  without_launcher_.insert(generation);
}

void ExperimentCrashTest::KillGuardian() {
  std::vector<std::pair<Generation, pid_t>> running;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string process = entry.path();
    if (!IsNumber(entry.path().filename())) continue;
    if (ReadFile(process + "/comm") != "lockstep-guard\n") continue;
    // A guardian is a fork of its launcher and has its command: run --plan FOLDER/plan.json.
    const std::string command = ReadFile(process + "/cmdline");
    const std::size_t at = command.find(state_dir_ + "/jobs/");
    if (at == command.npos) continue;
    const std::string plan = command.c_str() + at;
    const std::optional<Generation> generation = GenerationOf(fs::path(plan).parent_path());
    if (!generation || without_launcher_.contains(*generation)) continue;
    running.emplace_back(*generation, std::stoi(entry.path().filename()));
  }
  if (running.empty()) return;
  const auto& [generation, pid] = running[Draw(static_cast<int>(running.size()))];
  if (kill(pid, SIGKILL) != 0) return;
  ++killed_.guardians;
  without_launcher_.insert(generation);
}

// Somewhere between its start and its end.
void ExperimentCrashTest::KillClient(const std::vector<std::string>& args) {
  std::vector<const char*> argv = {LOCKSTEP_BINARY_DIR "/lockstep"};
  for (const std::string& arg : args) argv.push_back(arg.c_str());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
    setenv("LOCKSTEP_STATE_DIR", state_dir_.c_str(), 1);
    execv(argv[0], const_cast<char* const*>(argv.data()));
    _exit(127);
  }
  poll(nullptr, 0, Draw(15));
  kill(pid, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  killed_.clients += WIFSIGNALED(status) ? 1 : 0;
}

void ExperimentCrashTest::KillRank() {
  std::vector<RankNote> running;
  for (const RankNote& note : Notes()) {
    const std::string environment = ReadFile("/proc/" + std::to_string(note.pid) + "/environ");
    const bool is_rank = environment.find(state_dir_) != std::string::npos;
    if (note.what == "begin" && is_rank) running.push_back(note);
  }
  if (running.empty()) return;
  const RankNote& note = running[Draw(static_cast<int>(running.size()))];
  if (kill(note.pid, SIGKILL) != 0) return;
  // One that had written its last note may have exited before.
  for (const RankNote& end : Notes()) {
    if (end.what == "end" && end.pid == note.pid) return;
  }
  ++killed_.ranks;
  without_rank_[note.generation].insert(note.rank);
}

void ExperimentCrashTest::CheckStarts(const std::string& trial, int last_generation) {
  std::map<std::pair<int, int>, int> starts;  // by generation and rank
  for (const RankNote& note : Notes()) {
    if (note.what != "begin" || note.generation.trial != trial) continue;
    ++starts[{note.generation.number, note.rank}];
    EXPECT_LE(note.generation.number, last_generation) << trial;
  }
  for (const auto& [where, count] : starts) {
    EXPECT_EQ(count, 1) << trial << " generation " << where.first << " rank " << where.second;
  }
  for (int number = 0; number < last_generation; ++number) {
    EXPECT_TRUE(without_launcher_.contains({trial, number}))
        << trial << " was started again after generation " << number
        << ", whose launcher was left alone";
  }
}

void ExperimentCrashTest::CheckFailure(const std::string& trial, const std::set<int>& killed) {
  const std::string text = Run({"describe", "trial", trial}).out;
  const std::size_t at = text.find("First failure:");
  ASSERT_NE(at, std::string::npos) << text;
  const std::string line = text.substr(at, text.find('\n', at) - at);
  bool named = false;
  for (const int rank : killed) {
    const std::string number = std::to_string(rank);
    named |= line.find("rank " + number + " ") != std::string::npos &&
             line.find("signal 9") != std::string::npos &&
             line.find("last line: rank " + number + " is up") != std::string::npos;
  }
  EXPECT_TRUE(named) << line;
}

void ExperimentCrashTest::CheckTrial(const Json& trial) {
  const std::string name = trial["metadata"]["name"];
  std::vector<std::string> ends;
  for (const Json& condition : trial["status"]["conditions"]) {
    const std::string type = condition["type"];
    const bool goes_on = type == "Created" || type == "Running";
    if (condition["status"] == "True" && !goes_on) ends.push_back(type);
  }
  ASSERT_EQ(ends.size(), 1u) << trial.dump(2);
  const Json job = Get("trainingjob", name);
  const int last = job["status"].value("generation", 0);
  CheckStarts(name, last);
  CheckRows(trial, last);
  const std::set<int> killed = without_rank_[{name, last}];
  if (without_launcher_.contains({name, last})) return;  // which of the two was first?
  EXPECT_EQ(ends[0], killed.empty() ? "Succeeded" : "Failed") << trial.dump(2);
  if (!killed.empty()) CheckFailure(name, killed);
}

// One point for each line that rank 0 has printed with the objective, in whatever generation.
void ExperimentCrashTest::CheckRows(const Json& trial, int last_generation) {
  const std::string name = trial["metadata"]["name"];
  std::size_t printed = 0;
  for (const auto& job : fs::directory_iterator(state_dir_ + "/jobs/default")) {
    if (!job.path().filename().string().starts_with(name + "-")) continue;
    for (int number = 0; number <= last_generation; ++number) {
      std::istringstream log(ReadFile(job.path() / std::to_string(number) / "rank-0.log"));
      for (std::string line; std::getline(log, line);) printed += line.starts_with("accuracy=");
    }
  }
  const Json points = trial["status"].value("curve", Json::array());
  EXPECT_EQ(points.size(), printed) << trial.dump(2);
}

// Processes of any job of this state directory, by what they were started with.
std::vector<std::string> ExperimentCrashTest::LeftProcesses() const {
  std::vector<std::string> left;
  const std::string jobs = state_dir_ + "/jobs/";
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string process = entry.path();
    if (!IsNumber(entry.path().filename())) continue;
    const std::string command = ReadFile(process + "/cmdline");
    if ((command + ReadFile(process + "/environ")).find(jobs) != std::string::npos) {
      left.push_back(process + " " + command);
    }
  }
  return left;
}

void ExperimentCrashTest::CheckNothingIsLeft() {
  std::vector<std::string> left;
  EXPECT_TRUE(Eventually([&] { return (left = LeftProcesses()).empty(); }))
      << left.size() << " are left, such as " << left[0];
  std::vector<std::string> files;
  EXPECT_TRUE(Eventually([&] {  // other tests' files come and go
    const std::set<std::string> now = LeftFiles();
    files.clear();
    std::ranges::set_difference(now, files_before_, std::back_inserter(files));
    return files.empty();
  })) << files.size()
      << " files are left, such as " << files[0];
}

void ExperimentCrashTest::Kill() {
  poll(nullptr, 0, Draw(150));  // what it waits for is any moment at all
  switch (Draw(6)) {
    case 0: return KillOperator();
    case 1: return KillLauncher();
    case 2: return KillGuardian();
    case 3: return KillRank();
    case 4: return KillClient({"apply", "-f", dir_ + "/" + experiment_ + ".yaml"});
    case 5: return KillClient({"get", "trials"});
  }
}

// Its file.
std::string ExperimentCrashTest::StartRound(int round) {
  experiment_ = "round" + std::to_string(round);
  without_launcher_.clear();
  without_rank_.clear();
  const auto note = [&](const std::string& what) {
    return "echo " + what + " $LOCKSTEP_JOB $LOCKSTEP_GENERATION $LOCKSTEP_RANK $$$$ >> " + dir_ +
           "/notes-" + experiment_ + "; ";
  };
  // The stray has to be found and ended with its rank.
  const std::string script = "echo rank $LOCKSTEP_RANK is up; " + note("begin") +
                             "setsid sleep 300 > /dev/null 2>&1 & sleep 0.1; "
                             "test $LOCKSTEP_RANK = 1 || echo accuracy=${x}; " +
                             note("end");
  return WriteFile(experiment_ + ".yaml", ExperimentYaml(experiment_, script, kTrials, kRanks));
}

void ExperimentCrashTest::RunRound(int round) {
  const std::string file = StartRound(round);
  if (Draw(4) == 0) KillClient({"apply", "-f", file});
  const Outcome applied = Run({"apply", "-f", file});
  ASSERT_EQ(applied.code, 0) << applied.err;
  for (int kills = 1 + Draw(5); kills > 0; --kills) Kill();
  const Outcome waited =
      Run({"wait", "experiment/" + experiment_, "--for=condition=Succeeded", "--timeout", "50s"});
  ASSERT_LE(waited.code, 1) << waited.err;  // 1: every trial had a rank killed
  const Outcome listed =
      Run({"get", "trials", "-l", "katib.kubeflow.org/experiment=" + experiment_, "-o", "json"});
  const Json trials = Json::parse(listed.out, nullptr, false)["items"];
  ASSERT_EQ(trials.size(), static_cast<std::size_t>(kTrials)) << listed.out << listed.err;
  for (const Json& trial : trials) CheckTrial(trial);
  if (HasFailure()) return;
  const Outcome deleted = Run({"delete", "experiment", experiment_, "--logs"});
  EXPECT_EQ(deleted.code, 0) << deleted.err;
  EXPECT_TRUE(Eventually([&] { return !fs::exists(state_dir_ + "/jobs/default"); }))
      << "job directories are left";
  CheckNothingIsLeft();
}

TEST_F(ExperimentCrashTest, NothingIsLostOrRunTwiceWhateverIsKilled) {
  const char* seed_text = std::getenv("LOCKSTEP_TEST_SEED");
  const unsigned seed = seed_text != nullptr
                            ? static_cast<unsigned>(std::strtoul(seed_text, nullptr, 10))
                            : std::random_device()();
  const char* rounds_text = std::getenv("LOCKSTEP_CRASH_ROUNDS");
  const char* long_text = std::getenv("LOCKSTEP_TEST_LONG");
  const bool is_long = long_text != nullptr && std::string(long_text) == "1";
  const int rounds = rounds_text != nullptr ? std::atoi(rounds_text) : is_long ? 200 : 50;
  ASSERT_GT(rounds, 0) << "LOCKSTEP_CRASH_ROUNDS is how many rounds to run";
  std::printf("LOCKSTEP_TEST_SEED=%u replays the choices of these %d rounds\n", seed, rounds);
  random_.seed(seed);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + ", seed " + std::to_string(seed));
    RunRound(round);
    if (HasFailure()) return;
  }
  std::printf("%d rounds; killed: %d operators, %d launchers, %d guardians, %d ranks, %d clients\n",
              rounds, killed_.operators, killed_.launchers, killed_.guardians, killed_.ranks,
              killed_.clients);
  if (rounds < 20) return;  // too few to count on each of them
  EXPECT_GT(killed_.operators, 0);
  EXPECT_GT(killed_.launchers, 0);
  EXPECT_GT(killed_.guardians, 0);
  EXPECT_GT(killed_.ranks, 0);
  EXPECT_GT(killed_.clients, 0);
}

}  // namespace
}  // namespace lockstep
