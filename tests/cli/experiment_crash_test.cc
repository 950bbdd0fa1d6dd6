// Experiments whose operator, launchers and ranks are killed at random moments: whatever was hit,
// the next call continues, nothing is lost and nothing runs twice.
#include <poll.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
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

// A rank that has begun or come to its end, as it wrote itself.
struct RankNote {
  std::string what;  // "begin" or "end"
  Generation generation;
  int rank = 0;
  pid_t pid = 0;
};

class ExperimentCrashTest : public LockstepTest {
 protected:
  void RunRound(int round);

  int operators_killed_ = 0;
  int launchers_killed_ = 0;
  int ranks_killed_ = 0;
  std::minstd_rand random_;

 private:
  int Draw(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  std::vector<RankNote> Notes() const;
  void KillOperator();
  void KillLauncher();
  void KillRank();
  void CheckTrial(const Json& trial);
  void CheckStarts(const std::string& trial, int last_generation);
  void CheckFailure(const std::string& trial, const std::set<int>& killed);
  std::vector<std::string> LeftProcesses() const;

  std::string experiment_;
  std::set<Generation> without_launcher_;
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
  ++operators_killed_;
  EXPECT_TRUE(Eventually([&] { return OperatorPid() != pid; }));
}

void ExperimentCrashTest::KillLauncher() {
  std::vector<std::pair<Generation, pid_t>> running;
  std::error_code none;
  for (const auto& job : fs::directory_iterator(state_dir_ + "/jobs/default", none)) {
    const std::string folder = job.path().filename();  // TRIAL-UID
    const std::string trial = folder.substr(0, folder.rfind('-'));
    if (!trial.starts_with(experiment_ + "-")) continue;
    for (const auto& generation : fs::directory_iterator(job.path(), none)) {
      pid_t pid = 0;
      std::istringstream(ReadFile(generation.path() / "launcher.pid")) >> pid;
      const std::string command = ReadFile("/proc/" + std::to_string(pid) + "/cmdline");
      const bool is_launcher = pid > 0 && command.find(generation.path()) != std::string::npos;
      if (is_launcher) {
        running.emplace_back(Generation{trial, std::stoi(generation.path().filename())}, pid);
      }
    }
  }
  if (running.empty()) return;
  const auto& [generation, pid] = running[Draw(static_cast<int>(running.size()))];
  if (kill(pid, SIGKILL) != 0) return;
  ++launchers_killed_;
  without_launcher_.insert(generation);
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
  ++ranks_killed_;
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
  const std::set<int> killed = without_rank_[{name, last}];
  if (without_launcher_.contains({name, last})) return;  // which of the two was first?
  EXPECT_EQ(ends[0], killed.empty() ? "Succeeded" : "Failed") << trial.dump(2);
  if (!killed.empty()) CheckFailure(name, killed);
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

void ExperimentCrashTest::RunRound(int round) {
  experiment_ = "round" + std::to_string(round);
  without_launcher_.clear();
  without_rank_.clear();
  const auto note = [&](const std::string& what) {
    return "echo " + what + " $LOCKSTEP_JOB $LOCKSTEP_GENERATION $LOCKSTEP_RANK $$$$ >> " + dir_ +
           "/notes-" + experiment_ + "; ";
  };
  // The stray has to be found and ended with its rank.
  const std::string script = "echo rank $LOCKSTEP_RANK is up; " + note("begin") +
                             "setsid sleep 300 > /dev/null 2>&1 & sleep 0.2; "
                             "test $LOCKSTEP_RANK = 1 || echo accuracy=${x}; " +
                             note("end");
  const std::string file =
      WriteFile(experiment_ + ".yaml", ExperimentYaml(experiment_, script, kTrials, kRanks));
  ASSERT_EQ(Run({"apply", "-f", file}).code, 0);
  for (int kills = 1 + Draw(4); kills > 0; --kills) {
    poll(nullptr, 0, Draw(250));  // what it waits for is any moment at all
    const int victim = Draw(3);
    if (victim == 0) KillOperator();
    if (victim == 1) KillLauncher();
    if (victim == 2) KillRank();
  }
  const Outcome waited =
      Run({"wait", "experiment/" + experiment_, "--for=condition=Succeeded", "--timeout", "50s"});
  ASSERT_LE(waited.code, 1) << waited.err;  // 1: every trial had a rank killed
  const Outcome listed =
      Run({"get", "trials", "-l", "katib.kubeflow.org/experiment=" + experiment_, "-o", "json"});
  const Json trials = Json::parse(listed.out, nullptr, false)["items"];
  ASSERT_EQ(trials.size(), static_cast<std::size_t>(kTrials)) << listed.out << listed.err;
  for (const Json& trial : trials) CheckTrial(trial);
  std::vector<std::string> left;
  EXPECT_TRUE(Eventually([&] { return (left = LeftProcesses()).empty(); }))
      << left.size() << " are left, such as " << left[0];
}

TEST_F(ExperimentCrashTest, NothingIsLostOrRunTwiceWhateverIsKilled) {
  const char* seed_text = std::getenv("LOCKSTEP_TEST_SEED");
  const unsigned seed = seed_text != nullptr
                            ? static_cast<unsigned>(std::strtoul(seed_text, nullptr, 10))
                            : std::random_device()();
  const char* long_text = std::getenv("LOCKSTEP_TEST_LONG");
  const int rounds = long_text != nullptr && std::string(long_text) == "1" ? 200 : 20;
  std::printf("LOCKSTEP_TEST_SEED=%u replays the choices of these %d rounds\n", seed, rounds);
  random_.seed(seed);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + ", seed " + std::to_string(seed));
    RunRound(round);
    if (HasFailure()) return;
  }
  std::printf("killed: %d operators, %d launchers, %d ranks\n", operators_killed_,
              launchers_killed_, ranks_killed_);
  EXPECT_GT(operators_killed_, 0);
  EXPECT_GT(launchers_killed_, 0);
  EXPECT_GT(ranks_killed_, 0);
}

}  // namespace
}  // namespace lockstep
