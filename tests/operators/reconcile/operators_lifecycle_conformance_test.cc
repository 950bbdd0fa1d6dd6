// How jobs fared under the operators of their own kinds
// (tests/conformance/data/operators/lifecycle, and its README.md): the manifest, what was done to
// it and to its pods, and after each step the status that there was. Here the manifest becomes a
// TrainingJob, its reconciler runs it, the launcher's Verdict says how ranks that end end the
// group, and the status in the shape of the kind is compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "operators/convert/job_object.h"
#include "tests/conformance/recorded_cases.h"
#include "tests/operators/reconcile/job_world.h"

namespace lockstep {
namespace {

constexpr char kSet[] = "operators/lifecycle";
constexpr char kSuffix[] = ".steps.json";
constexpr const char* kNotCompared[] = {
    "active (and ready) replicas of a job that has failed: what still ran was stopped here, and "
    "runs on there",
    "active Workers of an MPIJob before its Launcher runs: here they are no processes, and count "
    "while it runs"};

// By "CASE STEP"; `how` is our step, as the test writes it.
const std::map<std::string, RecordedDifference>& Differences() {
  static const std::map<std::string, RecordedDifference> kDifferences =
      RecordedDifferences("tests/operators/reconcile/operators_lifecycle_differences.txt");
  return kDifferences;
}

std::string Field(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// "Created=T Running=F(Suspended)": the reason where it is not the kind and the type.
std::string ConditionsText(const std::string& kind, const Json& status) {
  std::string text;
  for (const Json& condition : status.value("conditions", Json::array())) {
    const std::string type = Field(condition, "type");
    std::string reason = Field(condition, "reason");
    text += (text.empty() ? "" : " ") + type + "=" + Field(condition, "status").substr(0, 1);
    if (reason.starts_with(kind)) reason.erase(0, kind.size());
    if (reason != type) text += "(" + reason + ")";
  }
  return text;
}

// `reason`: empty: for whatever reason.
bool HasFailed(const Json& status, std::string_view reason = "") {
  for (const Json& condition : status.value("conditions", Json::array())) {
    if (Field(condition, "type") != "Failed" || Field(condition, "status") != "True") continue;
    return reason.empty() || Field(condition, "reason") == reason;
  }
  return false;
}

// " Master:ac1 Worker:su1", without counts of 0.
std::string ReplicasText(const Json& status) {
  std::map<std::string, std::string> by_type;
  const auto add = [&](const std::string& type, const Json& counts) {
    std::string& text = by_type[type];
    for (const char* const name : {"active", "ready", "succeeded", "failed", "suspended"}) {
      const int count = counts.value(name, 0);
      if (count == 0) continue;
      text += (text.empty() ? "" : ",") + std::string(name).substr(0, 2) + std::to_string(count);
    }
  };
  const Json replicas = status.value("replicaStatuses", Json::object());
  for (const auto& [type, counts] : replicas.items()) add(type, counts);
  for (const Json& job : status.value("jobsStatus", Json::array())) add(Field(job, "name"), job);
  std::string text;
  for (const auto& [type, counts] : by_type) {
    if (!counts.empty()) text += " " + type + ":" + counts;
  }
  return text;
}

struct Seen {
  std::string line;
  Json status = Json::object();
};

std::string TimesText(bool start, bool completion) {
  return std::string(start ? "s" : "-") + (completion ? "c" : "-");
}

// kNotCompared.
void LeaveOutWhatNeverAgrees(Json& status) {
  const bool failed = HasFailed(status);
  Json replicas = status.value("replicaStatuses", Json::object());
  const bool mpi_waits = replicas.contains("Launcher") && !replicas["Launcher"].contains("active");
  for (auto& [type, counts] : replicas.items()) {
    if (failed || (mpi_waits && type == "Worker")) counts.erase("active");
  }
  if (!replicas.empty()) status["replicaStatuses"] = replicas;
  if (!status.contains("jobsStatus")) return;
  for (Json& job : status["jobsStatus"]) {
    if (failed) job["active"] = job["ready"] = 0;
  }
}

Seen Recorded(const std::string& kind, const Json& observed) {
  if (Field(observed, "job") != "present") return {.line = Field(observed, "job")};
  Json status = observed.value("status", Json::object());
  const bool start = status.value("startTimeSet", false);
  const bool completion = status.value("completionTimeSet", false);
  LeaveOutWhatNeverAgrees(status);
  std::string times = kind == "TrainJob" ? "" : TimesText(start, completion) + " ";
  return {times + "[" + ConditionsText(kind, status) + "]" + ReplicasText(status), status};
}

Seen Ours(const std::string& kind, const JobWorld& world) {
  const std::optional<TrainingJob> job = world.Job();
  if (!job) return {.line = "absent"};
  Json status = JobObject(world.manifest(), *job).value("status", Json::object());
  const std::string times =
      kind == "TrainJob"
          ? ""
          : TimesText(status.contains("startTime"), status.contains("completionTime")) + " ";
  LeaveOutWhatNeverAgrees(status);
  return {times + "[" + ConditionsText(kind, status) + "]" + ReplicasText(status), status};
}

// Ours goes on with what we know more.
void ExpectTheirWords(const Json& theirs, const Json& ours) {
  const Json their_conditions = theirs.value("conditions", Json::array());
  const Json our_conditions = ours.value("conditions", Json::array());
  for (std::size_t i = 0; i < their_conditions.size(); ++i) {
    std::string words = Field(their_conditions[i], "message");
    while (words.ends_with(' ') || words.ends_with(':')) words.pop_back();
    const std::string message = Field(our_conditions.at(i), "message");
    EXPECT_TRUE(message.starts_with(words)) << message << "\nwhere they say\n" << words;
  }
}

// NAME-worker-0, NAME-launcher-<rand>, NAME-node-0-1-<rand> (the second pod of the Job node).
PodEvent PodNamed(std::string pod, const std::string& job, const std::string& kind) {
  PodEvent event;
  pod.erase(0, job.size() + 1);
  if (const std::size_t random = pod.find("-<rand>"); random != pod.npos) pod.erase(random);
  const std::size_t dash = pod.rfind('-');
  const bool numbered =
      dash != pod.npos && pod.find_first_not_of("0123456789", dash + 1) == pod.npos;
  event.role = numbered ? pod.substr(0, dash) : pod;
  event.index = numbered ? std::stoi(pod.substr(dash + 1)) : 0;
  if (kind == "TrainJob" && event.role.ends_with("-0")) event.role.resize(event.role.size() - 2);
  return event;
}

class OperatorsLifecycle : public testing::TestWithParam<std::string> {
 protected:
  static void TearDownTestSuite() {
    tally_.Print();
    std::cout << kSet << ": " << steps_ - steps_differ_ << " of " << steps_ << " steps agree, "
              << steps_differ_ << " differ on purpose:\n";
    for (const auto& [why, count] : by_reason_) {
      std::cout << "  " << count << " steps: " << why << "\n";
    }
    for (const char* const why : kNotCompared) std::cout << "  not compared: " << why << "\n";
  }
  void TearDown() override {
    ++(HasFailure() ? tally_.fail : differs_ ? tally_.differ : tally_.agree);
  }

  void SetPods(const Json& step) {
    const std::string job = GetParam();
    const bool in_one_pass = Field(step, "action") == "setPodsInOnePass";
    bool again = false;
    bool first = true;
    for (const Json& pod : step.at("pods")) {
      PodEvent event = PodNamed(pod.at("pod"), job, kind_);
      const std::string phase = Field(pod, "phase");
      event.exit_code = pod.value("exitCode", 0);
      if (phase == "Running" && pod.contains("restartCount")) {
        // Its container ended and was started again, in one step.
        event.what = PodEvent::What::kEnds;
        world_->pods().Apply(event);
        again = true;
        world_->Settle();
        event.what = PodEvent::What::kRuns;
      } else if (phase != "Running") {
        event.what = phase == "Failed" && !pod.contains("exitCode") ? PodEvent::What::kEvicted
                                                                    : PodEvent::What::kEnds;
      }
      world_->pods().Apply(event, in_one_pass && !first);
      first = false;
      again = again || event.what == PodEvent::What::kRuns;
    }
    if (again) world_->pods().OthersRunAgain();
  }

  void Act(const Json& step) {
    const std::string action = Field(step, "action");
    if (action == "setPods" || action == "setPodsInOnePass") {
      SetPods(step);
    } else if (action == "patchJob") {
      const Status patched = world_->Patch(step.at("patch"));
      ASSERT_TRUE(patched.ok()) << patched.ToString();
    } else if (action == "deletePod") {
      PodEvent event = PodNamed(step.at("pod"), GetParam(), kind_);
      event.what = PodEvent::What::kDeleted;
      world_->pods().Apply(event);
    } else if (action == "wait") {
      world_->Wait(std::chrono::seconds(step.at("seconds").get<int>()));
    } else {
      ASSERT_TRUE(action == "create" || action == "deleteChild") << action << " is not known here";
    }
    world_->Settle();
    // A recording waits until nothing changes any more: those of short deadlines, until they have
    // passed.
    if (HasFailed(step.at("observed").value("status", Json::object()), "DeadlineExceeded")) {
      const std::optional<TrainingJob> job = world_->Job();
      world_->Wait(std::chrono::seconds(job->spec.active_deadline_seconds.value()));
    }
  }

  void Compare(int step, const Json& observed) {
    ++steps_;
    const Seen theirs = Recorded(kind_, observed);
    const Seen ours = Ours(kind_, *world_);
    const auto found = Differences().find(GetParam() + " " + std::to_string(step));
    if (found == Differences().end()) {
      EXPECT_EQ(ours.line, theirs.line);
      if (ours.line == theirs.line) ExpectTheirWords(theirs.status, ours.status);
      return;
    }
    differs_ = true;
    ++steps_differ_;
    ++by_reason_[found->second.why];
    EXPECT_EQ(ours.line, found->second.how) << found->second.why << "\n  theirs: " << theirs.line;
    EXPECT_NE(ours.line, theirs.line) << "no difference any more: remove it from the list";
  }

  std::string kind_;
  std::unique_ptr<JobWorld> world_;
  bool differs_ = false;
  static inline RecordedTally tally_{.set = kSet};
  static inline int steps_ = 0;
  static inline int steps_differ_ = 0;
  static inline std::map<std::string, int> by_reason_;
};

TEST_P(OperatorsLifecycle, AnswersAsItsOperator) {
  const auto path = RecordedFolder(kSet) / (GetParam() + kSuffix);
  const Json recorded = ReadRecordedJson(path);
  kind_ = recorded.at("kind").get<std::string>();
  const std::string yaml = GetParam() + ".yaml";
  auto manifests = ParseYaml(ReadRecordedText(RecordedFolder(kSet) / yaml), yaml);
  ASSERT_TRUE(manifests.ok()) << manifests.status().ToString();
  auto world = JobWorld::Create(*std::move(manifests), recorded.at("namespace"));
  ASSERT_TRUE(world.ok()) << world.status().ToString();
  world_ = *std::move(world);
  std::string start_before;
  int number = 0;
  for (const Json& step : recorded.at("steps")) {
    SCOPED_TRACE("step " + std::to_string(number) + ", " + Field(step, "action"));
    Act(step);
    const Json& observed = step.at("observed");
    Compare(number++, observed);
    const std::optional<TrainingJob> job = world_->Job();
    const std::string start = job ? job->status.start_time : "";
    if (kind_ == "TrainJob") {
      // Its status has no times.
    } else if (observed.value("timesChanged", Json::array()) == Json::array({"startTime"})) {
      EXPECT_NE(start, start_before) << "it is replaced";
    } else if (!start.empty() && !start_before.empty()) {
      EXPECT_EQ(start, start_before);
    }
    start_before = start;
    world_->Wait(std::chrono::milliseconds(1));  // so that two times differ
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, OperatorsLifecycle,
                         testing::ValuesIn(RecordedCases(kSet, {""}, kSuffix)),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace lockstep
