// How many trials a second an operator runs, and what one costs. The operator is the product's own,
// wired in this process as `lockstep operator` wires it, so that its writes can be counted; every
// trial is a real `lockstep run` of `/bin/echo loss=LR`.
//
//   trials rate LOCKSTEP STATE_DIR TRIALS     prints: trials/s, then what one trial cost
//   trials start LOCKSTEP STATE_DIR ROUNDS    ms from the start of `lockstep apply` to that of the
//                                             first trial's program: p10, median
#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "operators/api/conditions.h"
#include "operators/api/defaults.h"
#include "operators/backend/local_backend.h"
#include "operators/observe/sqlite_observation_store.h"
#include "operators/reconcile/controllers.h"
#include "operators/store/sqlite_store.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr int kOk = 0, kFailed = 1, kUsage = 2;
constexpr int kParallel = 8;

// %1: its name; %2, %3: how many trials, at a time; %4: the program's words.
constexpr char kExperiment[] = R"({
  "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
  "metadata": {"name": "%s", "namespace": "default"},
  "spec": {
    "objective": {"type": "minimize", "objectiveMetricName": "loss"},
    "algorithm": {"algorithmName": "random"},
    "maxTrialCount": %d, "parallelTrialCount": %d,
    "parameters": [{"name": "lr", "parameterType": "double",
                    "feasibleSpace": {"min": "0.01", "max": "0.1"}}],
    "trialTemplate": {
      "primaryContainerName": "main",
      "trialParameters": [{"name": "lr", "reference": "lr"}],
      "trialSpec": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "main", "command": [%s]}]}}}}}}})";

// When it began, as its loss.
constexpr char kPrintsWhen[] = R"("/bin/date", "+loss=%s.%N lr=${trialParameters.lr}")";

std::string ExperimentText(const std::string& name, int trials, int parallel, const char* command) {
  std::string text(sizeof(kExperiment) + name.size() + 200, '\0');
  const int size =
      std::snprintf(text.data(), text.size(), kExperiment, name.c_str(), trials, parallel, command);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// Counts what is called of what it wraps.
class CountingObservations final : public ObservationStore {
 public:
  explicit CountingObservations(ObservationStore& inner) : inner_(inner) {}
  Status Append(std::string_view uid, const std::vector<MetricRow>& rows,
                const ReadMark& mark) override {
    ++commits;
    return inner_.Append(uid, rows, mark);
  }
  Result<std::vector<MetricRow>> Rows(std::string_view uid, std::string_view name,
                                      std::size_t rows_max) const override {
    return inner_.Rows(uid, name, rows_max);
  }
  Result<std::uint64_t> Count(std::string_view uid, std::string_view name) const override {
    return inner_.Count(uid, name);
  }
  Result<std::string> Mark(std::string_view uid, std::string_view source) const override {
    return inner_.Mark(uid, source);
  }
  Result<std::vector<std::string>> TrialUids() const override { return inner_.TrialUids(); }
  Status Forget(std::string_view uid) override { return inner_.Forget(uid); }

  std::atomic<std::uint64_t> commits{0};

 private:
  ObservationStore& inner_;
};

class CountingReconciler final : public Reconciler {
 public:
  CountingReconciler(std::unique_ptr<Reconciler> inner, std::atomic<std::uint64_t>* passes)
      : inner_(std::move(inner)), passes_(passes) {}
  Result<Requeue> Reconcile(const ObjectKey& key) override {
    ++*passes_;
    return inner_->Reconcile(key);
  }

 private:
  const std::unique_ptr<Reconciler> inner_;
  std::atomic<std::uint64_t>* const passes_;
};

// Launchers leave the operator's family; here they become children of this process, so that their
// processor time can be told.
class Reaper {
 public:
  Reaper() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    thread_ = std::thread([this] {
      while (!stopped_) {
        siginfo_t info{};
        if (waitid(P_ALL, 0, &info, WEXITED) != 0 && errno == ECHILD) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      }
    });
  }
  ~Reaper() {
    stopped_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

double CpuMs() {
  double ms = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      ms += static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    }
  }
  return ms;
}

// Of the whole machine since it was started, threads included.
double Forks() {
  std::ifstream stat("/proc/stat");
  std::string word;
  double forks = 0;
  while (stat >> word) {
    if (word == "processes") stat >> forks;
  }
  return forks;
}

std::string FirstOf(const char* kind, const Store& store) {
  const auto objects = store.List({.kind = kind, .namespace_ = "", .labels = {}});
  return objects.ok() && !objects->empty() ? EncodeObject(*objects->front()).dump(1) : "none";
}

// False, and says why on stderr: it has not succeeded with all its trials.
bool Check(const Store& store, const ObjectKey& key, int trials) {
  const Result<ObjectPtr> read = store.Get(key);
  if (!read.ok()) return false;
  const ExperimentStatus& status = std::get<Experiment>(**read).status;
  if (IsTrue(status.conditions, condition::kSucceeded) && status.trials_succeeded == trials) {
    return true;
  }
  std::fprintf(stderr, "trials: %d of %d succeeded; a trial:\n%s\n", status.trials_succeeded,
               trials, FirstOf(Trial::kKind, store).c_str());
  return false;
}

Experiment ExperimentOf(int trials) {
  const std::string text = ExperimentText("churn", trials, std::min(trials, kParallel),
                                          R"("/bin/echo", "loss=${trialParameters.lr}")");
  Object object = DecodeObject(Json::parse(text)).value();
  SetDefaults(object);
  return std::get<Experiment>(object);
}

class Ended {
 public:
  Ended(Store& store, const ObjectKey& key) {
    subscription_ = store.Watch({.kind = key.kind, .namespace_ = "", .labels = {}},
                                [this](const Change& change) {
                                  const auto& status = std::get<Experiment>(*change.object).status;
                                  if (!HasEnded(status.conditions)) return;
                                  const std::lock_guard lock(mutex_);
                                  ended_ = true;
                                  changed_.notify_all();
                                });
  }
  bool Await(std::chrono::seconds bound) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, bound, [this] { return ended_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;  // guarded by mutex_
  std::unique_ptr<Subscription> subscription_;
};

int Rate(const std::string& lockstep, const std::string& state, int trials) {
  const Reaper reaper;
  auto store = SqliteStore::Open(state + "/state.db").value();
  auto rows = OpenSqliteObservationStore(state + "/state.db").value();
  CountingObservations observations(*rows);
  const auto backend = MakeLocalBackend({state + "/jobs", lockstep, state + "/volumes"});
  std::vector<Controller> controllers =
      MakeControllers(*store, observations, *backend, SystemClock());
  std::vector<std::atomic<std::uint64_t>> passes(controllers.size());
  for (std::size_t i = 0; i < controllers.size(); ++i) {
    controllers[i].reconciler =
        std::make_unique<CountingReconciler>(std::move(controllers[i].reconciler), &passes[i]);
  }
  Manager manager(*store, SystemClock(), std::move(controllers));
  const Experiment experiment = ExperimentOf(trials);
  const ObjectKey key = KeyOf(Object(experiment));
  Ended ended(*store, key);
  manager.Start();

  const double forks = Forks(), cpu = CpuMs();
  const auto start = steady_clock::now();
  if (!store->Create(experiment).ok()) return kFailed;
  const bool in_time = ended.Await(std::chrono::minutes(5));
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  const auto per_trial = [&](double count) { return count / trials; };
  const SqliteStore::Stats stats = store->stats();
  std::printf("%.1f trials/s; one trial: %.2f spawns, %.2f ms of processor", trials / seconds,
              per_trial(Forks() - forks), per_trial(CpuMs() - cpu));
  std::printf(", %.2f writes in %.2f commits and %.2f of metrics, passes",
              per_trial(static_cast<double>(stats.writes)),
              per_trial(static_cast<double>(stats.commits)),
              per_trial(static_cast<double>(observations.commits)));
  for (const auto& count : passes) std::printf(" %.2f", per_trial(static_cast<double>(count)));
  std::printf(" (Experiment Suggestion Trial TrainingJob)\n");
  const Status stopped = manager.Stop(std::chrono::seconds(10));
  if (!in_time || !stopped.ok()) std::fprintf(stderr, "trials: it did not end in 5 minutes\n");
  return in_time && stopped.ok() && Check(*store, key, trials) ? kOk : kFailed;
}

bool Run(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  return failed == 0 && waitpid(child, &status, 0) == child && status == 0;
}

// What the first trial's program printed: when it began, in seconds of the wall clock.
double BeganAt(const std::string& jobs, const std::string& experiment) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  while (steady_clock::now() < deadline) {
    std::error_code error;
    for (const auto& job : fs::directory_iterator(jobs + "/default", error)) {
      if (!job.path().filename().string().starts_with(experiment + "-")) continue;
      std::ifstream log(job.path() / "0" / "rank-0.log");
      std::string line;
      if (std::getline(log, line) && line.starts_with("loss=")) return std::stod(line.substr(5));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return -1;
}

int Start(const std::string& lockstep, const std::string& state, int rounds) {
  std::vector<double> ms;
  for (int i = 0; i < rounds; ++i) {
    const std::string name = "start" + std::to_string(i);
    const std::string file = state + "/" + name + ".json";
    std::ofstream(file) << ExperimentText(name, 1, 1, kPrintsWhen);
    const double start = std::chrono::duration<double>(  // of the clock that date(1) reads
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
    if (!Run({lockstep, "--state-dir", state, "apply", "-f", file})) return kFailed;
    const double began = BeganAt(state + "/jobs", name);
    if (began < 0) return kFailed;
    ms.push_back((began - start) * 1e3);
    if (!Run({lockstep, "--state-dir", state, "wait", "--for=condition=Succeeded", "exp/" + name,
              "--timeout", "10s"}))
      return kFailed;
  }
  std::sort(ms.begin(), ms.end());
  std::printf("%.1f %.1f\n", ms[ms.size() / 10], ms[ms.size() / 2]);
  return kOk;
}

}  // namespace
}  // namespace lockstep

int main(int argc, char** argv) {
  const std::string verb = argc == 5 ? argv[1] : "";
  const int count = argc == 5 ? std::atoi(argv[4]) : 0;
  if (count > 0 && verb == "rate") return lockstep::Rate(argv[2], argv[3], count);
  if (count > 0 && verb == "start") return lockstep::Start(argv[2], argv[3], count);
  std::fprintf(stderr, "usage: trials rate|start LOCKSTEP STATE_DIR COUNT\n");
  return lockstep::kUsage;
}
