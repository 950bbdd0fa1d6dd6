// Katib's own answers (tests/conformance/data/semantics): Experiment and Trials in, status out.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "operators/api/conditions.h"
#include "operators/api/object.h"
#include "operators/reconcile/experiment_status.h"
#include "operators/reconcile/success_policy.h"
#include "tests/conformance/recorded_cases.h"

namespace lockstep {
namespace {

// Where we differ from Katib on purpose, and why. `patch` (RFC 7396) makes our answer of Katib's.
struct Deviation {
  const char* why;
  const char* patch;
};
const std::map<std::string, Deviation>& Deviations() {
  static const std::map<std::string, Deviation> kDeviations = {
      {"expstatus_nan_first",
       {"NaN is no value, so the trial with 0.1 is the best",
        R"({"status": {"currentOptimalTrial": {"bestTrialName": "c", "observation": {"metrics":
           [{"name": "loss", "min": "0.1", "max": "0.1", "latest": "0.1"}]},
           "parameterAssignments": [{"name": "lr", "value": "c"}]}}})"}},
      {"expstatus_nan_goal",
       {"NaN is no value, so there is no best trial",
        R"({"status": {"currentOptimalTrial": null}})"}},
      {"expstatus_inf_max",
       {"infinity is no value: it neither is the best nor reaches the goal",
        R"({"completionTimeSet": false, "status": {"conditions": [{"type": "Running",
           "status": "True", "reason": "ExperimentRunning", "message": "Experiment is running"}],
           "currentOptimalTrial": {"bestTrialName": "b", "observation": {"metrics":
           [{"name": "loss", "min": "0.5", "max": "0.5", "latest": "0.5"}]},
           "parameterAssignments": [{"name": "lr", "value": "b"}]}}})"}},
      {"expstatus_empty_value_first_min",
       {"an empty value is none, so the trial with 0.5 is the best",
        R"({"status": {"currentOptimalTrial": {"bestTrialName": "b", "observation": {"metrics":
           [{"name": "loss", "min": "0.5", "max": "0.5", "latest": "0.5"}]},
           "parameterAssignments": [{"name": "lr", "value": "b"}]}}})"}},
      {"expstatus_empty_value_goal",
       {"an empty value is none and reaches no goal",
        R"({"completionTimeSet": false, "status": {"conditions": [{"type": "Running",
           "status": "True", "reason": "ExperimentRunning", "message": "Experiment is running"}],
           "currentOptimalTrial": {"bestTrialName": "b", "observation": {"metrics":
           [{"name": "loss", "min": "0.5", "max": "0.5", "latest": "0.5"}]},
           "parameterAssignments": [{"name": "lr", "value": "b"}]}}})"}},
      {"expstatus_string_latest_wins",
       {"text is no value, so there is no best trial",
        R"({"status": {"currentOptimalTrial": null}})"}},
  };
  return kDeviations;
}

// The vectors spell a Trial's fields as Go does.
Trial TrialOf(const Json& json) {
  Json trial = {{"apiVersion", Trial::kApiVersion}, {"kind", Trial::kKind}};
  trial["metadata"] = {{"name", json.at("Name")}};
  trial["spec"]["parameterAssignments"] = json.value("Assignments", Json::array());
  Json& status = trial["status"];
  for (const Json& c : json.at("Conditions"))
    status["conditions"].push_back({{"type", c.at("Type")}, {"status", c.at("Status")}});
  status["observation"]["metrics"] = json.value("Observation", Json::array());
  return std::get<Trial>(DecodeObject(trial).value());
}

// What both say, in one form: no times, nothing empty.
Json Comparable(Json status) {
  for (Json& c : status["conditions"]) {
    c.erase("lastUpdateTime");
    c.erase("lastTransitionTime");
  }
  status.erase("startTime");
  status.erase("completionTime");
  Json& best = status["currentOptimalTrial"];
  if (best.is_null() || best.value("bestTrialName", "").empty())
    status.erase("currentOptimalTrial");
  return status;
}

class ExperimentStatusConformance : public testing::TestWithParam<std::string> {
 protected:
  static void TearDownTestSuite() { tally_.Print(); }
  static Json Read(const std::string& suffix) {
    return ReadRecordedJson(RecordedFolder("semantics") / (GetParam() + suffix));
  }
  void TearDown() override {
    ++(HasFailure()                        ? tally_.fail
       : Deviations().contains(GetParam()) ? tally_.differ
                                           : tally_.agree);
  }
  static inline RecordedTally tally_{.set = "semantics/expstatus, restartable"};
};

TEST_P(ExperimentStatusConformance, AnswersAsKatib) {
  const Json args = Read(".args.json");
  Json expected = Read(".expected.json");
  const auto deviation = Deviations().find(GetParam());
  if (deviation != Deviations().end()) {
    std::cout << "differs on purpose: " << GetParam() << ": " << deviation->second.why << "\n";
    const Json katib = expected;
    expected.merge_patch(Json::parse(deviation->second.patch));
    ASSERT_NE(expected, katib) << "no deviation any more: remove it from the list";
  }
  auto experiment = std::get<Experiment>(DecodeObject(args.at("experiment")).value());
  if (args.at("kind") == "restartable") {
    EXPECT_EQ(MayRestart(experiment.spec, experiment.status), expected.at("restartable"));
    return;
  }
  std::vector<Trial> trials;
  for (const Json& trial : args.at("trials")) trials.push_back(TrialOf(trial));
  std::vector<const Trial*> pointers;
  for (const Trial& trial : trials) pointers.push_back(&trial);
  AdvanceExperiment(experiment.spec, pointers, nullptr, WallTime{}, experiment.status);
  EXPECT_EQ(!experiment.status.completion_time.empty(), expected.at("completionTimeSet"));
  EXPECT_EQ(Comparable(EncodeObject(experiment).at("status")), Comparable(expected.at("status")));
}

INSTANTIATE_TEST_SUITE_P(Katib, ExperimentStatusConformance,
                         testing::ValuesIn(RecordedCases("semantics",
                                                         {"expstatus_", "restartable_"})),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace lockstep
