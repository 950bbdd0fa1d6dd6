// The small pure policies: how many trials, which end, which names, restart or not.
#include <gtest/gtest.h>

#include "operators/api/conditions.h"
#include "operators/reconcile/experiment_status.h"
#include "operators/reconcile/parallelism.h"
#include "operators/reconcile/success_policy.h"
#include "operators/reconcile/trial_name.h"

namespace lockstep {
namespace {

ExperimentStatus Counts(int pending, int running, int succeeded, int failed, int unavailable) {
  ExperimentStatus status;
  status.trials_pending = pending;
  status.trials_running = running;
  status.trials_succeeded = succeeded;
  status.trials_failed = failed;
  status.trial_metrics_unavailable = unavailable;
  status.trials = pending + running + succeeded + failed + unavailable;
  return status;
}

TEST(Parallelism, FillsUpToParallelAndNeverPastMax) {
  const struct {
    const char* what;
    std::optional<std::int32_t> parallel;
    std::optional<std::int32_t> max;
    ExperimentStatus status;
    int more;
  } cases[] = {
      {"first", 2, 6, Counts(0, 0, 0, 0, 0), 2},
      {"default parallelism", std::nullopt, 6, Counts(0, 0, 0, 0, 0), 3},
      {"max below parallel", 5, 3, Counts(0, 0, 0, 0, 0), 3},
      {"one slot free", 3, 12, Counts(1, 1, 4, 0, 0), 1},
      {"all slots taken", 2, 12, Counts(1, 1, 4, 0, 0), 0},
      {"the last ones run", 3, 6, Counts(0, 2, 4, 0, 0), 0},
      {"a trial without metrics was run", 3, 6, Counts(0, 0, 2, 1, 2), 1},
      {"no maximum", 3, std::nullopt, Counts(0, 0, 200, 0, 0), 3},
      {"parallelism was lowered", 1, 12, Counts(0, 4, 0, 0, 0), 0},
      {"maximum was lowered", 3, 2, Counts(0, 0, 4, 0, 0), 0},
  };
  for (const auto& c : cases) {
    ExperimentSpec spec;
    spec.parallel_trial_count = c.parallel;
    spec.max_trial_count = c.max;
    EXPECT_EQ(MoreTrials(spec, c.status), c.more) << c.what;
  }
}

Suggestion Search(const char* condition_type, int points) {
  Suggestion suggestion;
  for (int i = 0; i < points; ++i) suggestion.status.suggestions.push_back({});
  SetTrue(suggestion.status.conditions, condition_type, "why", "no such setting", WallTime{});
  return suggestion;
}

TEST(SuccessPolicy, AnExhaustedSearchEndsTheExperimentOnceItsTrialsHaveFinished) {
  const Suggestion search = Search(condition::kExhausted, 3);
  EXPECT_FALSE(DecideEnd({}, Counts(0, 1, 2, 0, 0), &search)) << "one still runs";
  EXPECT_FALSE(DecideEnd({}, Counts(0, 0, 2, 0, 0), &search)) << "one is to be created";
  const auto end = DecideEnd({}, Counts(0, 0, 2, 1, 0), &search);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->succeeded);
  EXPECT_EQ(end->reason, "ExperimentSuggestionEndReached");
}

TEST(SuccessPolicy, AFailedSearchFailsTheExperimentAndSaysWhy) {
  const Suggestion search = Search(condition::kFailed, 0);
  const auto end = DecideEnd({}, Counts(0, 0, 0, 0, 0), &search);
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->succeeded);
  EXPECT_EQ(end->message, "Suggestion has failed: no such setting");
}

TEST(SuccessPolicy, AnExperimentRestartsOnlyWhenItMayAndHasMoreToRun) {
  const struct {
    const char* policy;
    const char* reason;
    std::optional<std::int32_t> max;
    bool restarts;
  } cases[] = {
      {"LongRunning", "ExperimentMaxTrialsReached", 5, true},
      {"FromVolume", "ExperimentMaxTrialsReached", 5, true},
      {"FromVolume", "ExperimentMaxTrialsReached", std::nullopt, true},
      {"LongRunning", "ExperimentMaxTrialsReached", 3, false},
      {"LongRunning", "ExperimentGoalReached", 5, false},
      {"LongRunning", "ExperimentGoalReached", std::nullopt, false},
      {"Never", "ExperimentMaxTrialsReached", 5, false},
  };
  for (const auto& c : cases) {
    ExperimentSpec spec;
    spec.resume_policy = c.policy;
    spec.max_trial_count = c.max;
    ExperimentStatus status = Counts(0, 0, 3, 0, 0);
    SetEnded(status.conditions, condition::kSucceeded, c.reason, "", WallTime{});
    EXPECT_EQ(Restarts(spec, status), c.restarts) << c.policy << " " << c.reason;
  }
}

TEST(TrialName, IsTheSameAfterARestartAndDiffersByPointAndExperiment) {
  const std::string name = TrialName("random", "uid-1", 0, {});
  EXPECT_EQ(name, "random-aij1e9pi");
  EXPECT_NE(name, TrialName("random", "uid-1", 1, {}));
  EXPECT_NE(name, TrialName("random", "uid-2", 0, {}));
}

TEST(TrialName, AvoidsThoseThatAreTaken) {
  const std::string name = TrialName("random", "uid-1", 0, {});
  const std::string other = TrialName("random", "uid-1", 0, {name});
  EXPECT_NE(other, name);
  EXPECT_EQ(other.size(), name.size());
}

}  // namespace
}  // namespace lockstep
