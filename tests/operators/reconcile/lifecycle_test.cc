// The whole operator in one process: what users want of objects beside their specs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/reconcile/controllers.h"
#include "operators/reconcile/retention_reconciler.h"
#include "tests/operators/reconcile/test_world.h"

namespace lockstep {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const WallTime kStart{std::chrono::seconds(1'795'600'000)};

// As `lockstep apply` or `suspend` would: null removes the annotation.
template <class T>
void Annotate(TestWorld& world, const ObjectKey& key, const char* name, const char* value) {
  for (;;) {
    T object = world.Get<T>(key);
    object.meta.annotations.erase(name);
    if (value != nullptr) object.meta.annotations[name] = value;
    const Status written = world.store->Update(std::move(object)).status();
    if (written.ok()) return;
    ASSERT_EQ(written.kind(), StatusKind::kConflict) << written.ToString();
  }
}

Condition ConditionOf(const std::vector<Condition>& conditions, const char* type) {
  const Condition* found = FindCondition(conditions, type);
  return found != nullptr && found->status == "True" ? *found : Condition{};
}

std::vector<TrainingJob> Jobs(const TestWorld& world) {
  std::vector<TrainingJob> jobs;
  for (const ObjectPtr& job : *world.store->List({TrainingJob::kKind, "", {}}))
    jobs.push_back(std::get<TrainingJob>(*job));
  return jobs;
}

bool Rests(const TestWorld& world, const ObjectKey& key, std::size_t trials) {
  if (!IsTrue(world.Get<Experiment>(key).status.conditions, condition::kSuspended)) return false;
  const auto suspended = [](const auto& object) {
    return IsTrue(object.status.conditions, condition::kSuspended);
  };
  return world.backend.RunningNow() == 0 && world.Trials().size() == trials &&
         std::ranges::all_of(world.Trials(), suspended) &&
         std::ranges::all_of(Jobs(world), suspended);
}

// The controllers with a clock that stands still, and nothing between them and the test.
class ByHand {
 public:
  explicit ByHand(TestWorld& world, ControllerOptions options = {})
      : world_(world),
        controllers_(
            MakeControllers(*world.store, *world.observations, world.backend, clock, options)) {}

  // Everything is looked at so often.
  void Rounds(int rounds = 20) {
    for (int round = 0; round < rounds; ++round) {
      for (const Controller& controller : controllers_) {
        if (controller.kind == kRetentionKey.kind) Look(kRetentionKey);
        for (const ObjectPtr& object : *world_.store->List({controller.kind, "", {}}))
          Look(KeyOf(*object));
      }
    }
  }
  Requeue Look(const ObjectKey& key) {
    for (const Controller& controller : controllers_) {
      if (controller.kind != key.kind) continue;
      const Result<Requeue> result = controller.reconciler->Reconcile(key);
      if (result.ok()) return *result;
      EXPECT_EQ(result.status().kind(), StatusKind::kConflict) << result.status().ToString();
    }
    return {};
  }

  FakeClock clock{kStart};

 private:
  TestWorld& world_;
  const std::vector<Controller> controllers_;
};

FakeRun Endless(const JobPlan&) { return {.log = "loss=0.5\n", .looks = -1}; }

TEST(Lifecycle, ASuspendedExperimentRestsAndGoesOnWithTheNextGenerationOfItsJobs) {
  std::atomic<int> jobs = 0;
  TestWorld world(
      [&](const JobPlan& plan) { return jobs++ < 2 ? FakeRun{.looks = -1} : LossIsLr(plan); });
  const ObjectKey key =
      world.Apply(SearchOverLr("e", R"({"maxTrialCount": 4, "parallelTrialCount": 2})"));
  ASSERT_TRUE(RunUntil(world, [&] { return world.backend.RunningNow() == 2; }));
  Annotate<Experiment>(world, key, kSuspendAnnotation, "true");
  ASSERT_TRUE(RunUntil(world, [&] { return Rests(world, key, 2); }));
  EXPECT_EQ(world.Get<Experiment>(key).status.trials_running, 2) << "its trials count as running";
  for (const TrainingJob& job : Jobs(world)) {
    EXPECT_EQ(job.status.active, 0);
    EXPECT_EQ(job.status.generation, 1);
  }
  Annotate<Experiment>(world, key, kSuspendAnnotation, nullptr);
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(4), Each(condition::kSucceeded)));
  EXPECT_FALSE(IsTrue(world.Get<Experiment>(key).status.conditions, condition::kSuspended));
  EXPECT_THAT(world.backend.Starts(), testing::AllOf(SizeIs(6), Each(Pair(testing::_, 1))));
}

TEST(Lifecycle, AnExperimentThatIsCreatedSuspendedStartsNothing) {
  TestWorld world(LossIsLr);
  Experiment experiment = SearchOverLr("e", R"({"maxTrialCount": 2})");
  experiment.meta.annotations[kSuspendAnnotation] = "true";
  const ObjectKey key = world.Apply(experiment);
  ASSERT_TRUE(RunUntil(world, [&] { return Rests(world, key, 0); }));
  EXPECT_THAT(*world.store->List({Suggestion::kKind, "", {}}), IsEmpty());
  Annotate<Experiment>(world, key, kSuspendAnnotation, nullptr);
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(2), Each(condition::kSucceeded)));
}

TrainingJob JobByItself() {
  TrainingJob job;
  job.meta.name = "job";
  job.meta.namespace_ = "default";
  return job;
}

TEST(Lifecycle, ASuspensionThatIsWithdrawnWhileTheRanksStopCostsNothing) {
  TestWorld world([](const JobPlan& plan) {
    return plan.id.generation == 0 ? FakeRun{.looks = -1} : FakeRun{};
  });
  ByHand hand(world);
  const ObjectKey key = world.Apply(JobByItself());
  hand.Rounds(2);
  ASSERT_EQ(world.backend.RunningNow(), 1);
  Annotate<TrainingJob>(world, key, kSuspendAnnotation, "true");
  hand.Rounds(2);  // it is written down, and the ranks are told to stop
  Annotate<TrainingJob>(world, key, kSuspendAnnotation, nullptr);
  hand.Rounds();
  const TrainingJobStatus status = world.Get<TrainingJob>(key).status;
  EXPECT_EQ(world.EndOf(status.conditions), condition::kSucceeded);
  EXPECT_EQ(status.generation, 1);
}

TEST(Lifecycle, AJobThatEndsWellWhileItIsBeingStoppedHasSucceeded) {
  TestWorld world([](const JobPlan&) { return FakeRun{.looks = 3}; });
  ByHand hand(world);
  const ObjectKey key = world.Apply(JobByItself());
  hand.Rounds(1);
  Annotate<TrainingJob>(world, key, kSuspendAnnotation, "true");
  hand.Rounds(1);
  const TrainingJob job = world.Get<TrainingJob>(key);
  ASSERT_EQ(world.EndOf(job.status.conditions), "");
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(world.backend.Observe({"default", "job", job.meta.uid, 0}).ok());
  hand.Rounds(1);
  EXPECT_EQ(world.EndOf(world.Get<TrainingJob>(key).status.conditions), condition::kSucceeded);
}

TEST(Lifecycle, AJobThatFailsByItselfWhileItIsBeingSuspendedHasFailed) {
  TestWorld world(
      [](const JobPlan&) { return FakeRun{.looks = 3, .cause = "user-error", .exit_code = 3}; });
  ByHand hand(world);
  const ObjectKey key = world.Apply(JobByItself());
  hand.Rounds(1);
  Annotate<TrainingJob>(world, key, kSuspendAnnotation, "true");
  hand.Rounds(1);
  const TrainingJob job = world.Get<TrainingJob>(key);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(world.backend.Observe({"default", "job", job.meta.uid, 0}).ok());
  hand.Rounds(2);
  EXPECT_EQ(ConditionOf(world.Get<TrainingJob>(key).status.conditions, condition::kFailed).reason,
            "TrainingJobFailed");
}

TEST(Lifecycle, ACancelledExperimentFailsWithTheReasonAndStopsWhatRuns) {
  TestWorld world(Endless);
  const ObjectKey key = world.Apply(SearchOverLr(
      "e", R"({"maxTrialCount": 3, "parallelTrialCount": 3, "resumePolicy": "LongRunning"})"));
  ASSERT_TRUE(RunUntil(world, [&] { return world.backend.RunningNow() == 3; }));
  Annotate<Experiment>(world, key, kCancelAnnotation, "no money");
  ASSERT_TRUE(RunUntilIdle(world));
  const Condition end =
      ConditionOf(world.Get<Experiment>(key).status.conditions, condition::kFailed);
  EXPECT_EQ(end.reason, "ExperimentCancelled");
  EXPECT_EQ(end.message, "Experiment was cancelled: no money");
  EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(3), Each(condition::kKilled)));
  EXPECT_THAT(ConditionOf(world.Trials()[0].status.conditions, condition::kKilled).message,
              HasSubstr("no money"));
  EXPECT_EQ(world.backend.RunningNow(), 0);
  const auto search = world.Get<Suggestion>({Suggestion::kKind, "default", "e"});
  EXPECT_EQ(world.EndOf(search.status.conditions), condition::kSucceeded) << "nothing resumes it";

  Experiment raised = world.Get<Experiment>(key);
  raised.spec.max_trial_count = 9;
  ASSERT_TRUE(world.store->Update(raised).ok());
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_THAT(world.Trials(), SizeIs(3)) << "it does not go on";
}

TEST(Lifecycle, ACancelledTrialIsKilledAndTheSearchGoesOn) {
  std::atomic<int> jobs = 0;
  TestWorld world(
      [&](const JobPlan& plan) { return jobs++ == 0 ? FakeRun{.looks = -1} : LossIsLr(plan); });
  const ObjectKey key =
      world.Apply(SearchOverLr("e", R"({"maxTrialCount": 3, "parallelTrialCount": 1})"));
  ASSERT_TRUE(RunUntil(world, [&] { return world.backend.RunningNow() == 1; }));
  Annotate<Trial>(world, {Trial::kKind, "default", world.Trials()[0].meta.name}, kCancelAnnotation,
                  "hopeless");
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_THAT(world.TrialEnds(),
              ElementsAre(condition::kKilled, condition::kSucceeded, condition::kSucceeded));
  EXPECT_EQ(ConditionOf(world.Trials()[0].status.conditions, condition::kKilled).message,
            "cancelled: hopeless");
  EXPECT_EQ(world.Get<Experiment>(key).status.trials_killed, 1);
}

TEST(Lifecycle, AnExperimentIsLookedAtExactlyAtItsDeadlineAndEndsThen) {
  for (const bool one_succeeds : {false, true}) {
    std::atomic<int> jobs = 0;
    TestWorld world([&](const JobPlan& plan) {
      return one_succeeds && jobs++ == 0 ? LossIsLr(plan) : Endless(plan);
    });
    ByHand hand(world);
    Experiment experiment = SearchOverLr("e", R"({"maxTrialCount": 5, "parallelTrialCount": 1})");
    experiment.meta.annotations = {{kDeadlineAnnotation, "90m"}, {kKeepRunningAnnotation, "true"}};
    const ObjectKey key = world.Apply(experiment);
    EXPECT_EQ(hand.Look(key).after, milliseconds(minutes(90)));
    hand.Rounds();
    hand.clock.Advance(minutes(30));
    EXPECT_EQ(hand.Look(key).after, milliseconds(minutes(60)));
    hand.clock.Advance(minutes(60) - std::chrono::microseconds(1));
    EXPECT_EQ(hand.Look(key).after, milliseconds(1));
    hand.clock.Advance(std::chrono::microseconds(1));
    EXPECT_EQ(hand.Look(key).after, std::nullopt);
    hand.Rounds();
    const char* type = one_succeeds ? condition::kSucceeded : condition::kFailed;
    EXPECT_EQ(ConditionOf(world.Get<Experiment>(key).status.conditions, type).reason,
              "ExperimentDeadlineExceeded");
    EXPECT_EQ(world.backend.RunningNow(), 0);
    EXPECT_EQ(world.TrialEnds().back(), condition::kKilled);
  }
}

constexpr char kTrialDeadline[] = R"({"maxTrialCount": 2, "parallelTrialCount": 1,
    "trialTemplate": {"trialSpec": {"metadata": {"annotations":
        {"lockstep.dev/deadline": "10m"}}}}})";

TEST(Lifecycle, ATrialThatRunsPastItsDeadlineFailsAndKeepsItsObservation) {
  TestWorld world(Endless);
  ByHand hand(world, {.poll = hours(5)});
  const ObjectKey key = world.Apply(SearchOverLr("e", kTrialDeadline));
  hand.Rounds();
  ASSERT_EQ(world.backend.RunningNow(), 1);
  const std::string name = world.Trials()[0].meta.name;
  EXPECT_EQ(hand.Look({TrainingJob::kKind, "default", name}).after, milliseconds(minutes(10)));
  hand.clock.Advance(minutes(10));
  hand.Rounds();
  const Trial late = world.Trials()[0];
  const Condition failed = ConditionOf(late.status.conditions, condition::kFailed);
  EXPECT_EQ(failed.reason, "TrialDeadlineExceeded");
  EXPECT_THAT(failed.message, HasSubstr("lockstep.dev/deadline, 10m"));
  EXPECT_EQ(late.status.observation.metrics.at(0).latest, "0.5");
  EXPECT_EQ(world.Get<Experiment>(key).status.trials_failed, 1);
  EXPECT_THAT(world.Trials(), SizeIs(2)) << "the search goes on";
  EXPECT_EQ(world.backend.RunningNow(), 1);
}

TEST(Lifecycle, ADeadlineMayBeChangedOnTheTrialWhileItRuns) {
  TestWorld world(Endless);
  ByHand hand(world);
  world.Apply(SearchOverLr("e", kTrialDeadline));
  hand.Rounds();
  const std::string name = world.Trials()[0].meta.name;
  Annotate<Trial>(world, {Trial::kKind, "default", name}, kDeadlineAnnotation, "1h");
  hand.Rounds();
  hand.clock.Advance(minutes(59));
  hand.Rounds();
  EXPECT_THAT(world.TrialEnds(), ElementsAre(""));
  hand.clock.Advance(minutes(1));
  hand.Rounds();
  EXPECT_EQ(world.TrialEnds()[0], condition::kFailed);
}

TEST(Lifecycle, TheDeadlineOfASuspendedJobCountsAnewOnceItIsResumed) {
  TestWorld world(Endless);
  ByHand hand(world, {.poll = hours(5)});
  TrainingJob job = JobByItself();
  job.meta.annotations[kDeadlineAnnotation] = "10m";
  const ObjectKey key = world.Apply(job);
  hand.Rounds();
  hand.clock.Advance(minutes(9));
  Annotate<TrainingJob>(world, key, kSuspendAnnotation, "true");
  hand.Rounds();
  ASSERT_EQ(world.backend.RunningNow(), 0);
  hand.clock.Advance(hours(9));
  EXPECT_EQ(hand.Look(key).after, std::nullopt) << "nothing to wait for";
  Annotate<TrainingJob>(world, key, kSuspendAnnotation, nullptr);
  EXPECT_EQ(hand.Look(key).after, milliseconds(0)) << "that it goes on is written down first";
  EXPECT_EQ(hand.Look(key).after, milliseconds(minutes(10)));
  EXPECT_EQ(world.backend.RunningNow(), 1);
  hand.clock.Advance(minutes(10));
  hand.Rounds();
  EXPECT_EQ(ConditionOf(world.Get<TrainingJob>(key).status.conditions, condition::kFailed).reason,
            "TrainingJobDeadlineExceeded");
}

TEST(Lifecycle, WhatRunsWhenTheGoalIsReachedFinishesIfThatIsWanted) {
  std::atomic<int> jobs = 0;
  TestWorld world([&](const JobPlan&) {
    return jobs++ == 0 ? FakeRun{.log = "loss=0.001\n"} : FakeRun{.log = "loss=1\n", .looks = 300};
  });
  Experiment experiment = SearchOverLr("e", R"({
      "objective": {"goal": 0.01}, "maxTrialCount": 3, "parallelTrialCount": 3})");
  experiment.meta.annotations[kKeepRunningAnnotation] = "true";
  const ObjectKey key = world.Apply(experiment);
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_EQ(ConditionOf(world.Get<Experiment>(key).status.conditions, condition::kSucceeded).reason,
            "ExperimentGoalReached");
  EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(3), Each(condition::kSucceeded)));
}

void SetBudget(TestWorld& world, const ObjectKey& key, const char* spec) {
  Json json = EncodeObject(world.Get<Experiment>(key));
  json["spec"].merge_patch(Json::parse(spec));
  const Result<ObjectPtr> written = world.store->Update(*DecodeObject(json));
  ASSERT_TRUE(written.ok()) << written.status().ToString();
}
void CancelTrial(TestWorld& world, std::size_t index) {
  Annotate<Trial>(world, {Trial::kKind, "default", world.Trials()[index].meta.name},
                  kCancelAnnotation, "enough");
}

TEST(Lifecycle, ParallelTrialCountCanBeRaisedAndLoweredWhileTrialsRun) {
  TestWorld world(Endless);
  ByHand hand(world);
  const ObjectKey key =
      world.Apply(SearchOverLr("e", R"({"maxTrialCount": 9, "parallelTrialCount": 1})"));
  hand.Rounds();
  EXPECT_EQ(world.backend.RunningNow(), 1);
  SetBudget(world, key, R"({"parallelTrialCount": 3})");
  hand.Rounds();
  EXPECT_EQ(world.backend.RunningNow(), 3);
  SetBudget(world, key, R"({"parallelTrialCount": 1})");
  hand.Rounds();
  EXPECT_EQ(world.backend.RunningNow(), 3) << "no work is thrown away";
  CancelTrial(world, 0);
  CancelTrial(world, 1);
  hand.Rounds();
  EXPECT_EQ(world.backend.RunningNow(), 1);
  EXPECT_THAT(world.Trials(), SizeIs(3)) << "none has started in their place";
  CancelTrial(world, 2);
  hand.Rounds();
  EXPECT_EQ(world.backend.RunningNow(), 1);
  EXPECT_THAT(world.Trials(), SizeIs(4));
}

TEST(Lifecycle, MaxTrialCountMayFallBelowWhatRuns) {
  TestWorld world(Endless);
  ByHand hand(world);
  const ObjectKey key =
      world.Apply(SearchOverLr("e", R"({"maxTrialCount": 9, "parallelTrialCount": 3})"));
  hand.Rounds();
  SetBudget(world, key, R"({"maxTrialCount": 2})");
  hand.Rounds();
  EXPECT_EQ(world.backend.RunningNow(), 3);
  CancelTrial(world, 0);
  hand.Rounds();
  EXPECT_EQ(world.backend.RunningNow(), 2) << "no other one starts";
  CancelTrial(world, 1);
  hand.Rounds();
  EXPECT_EQ(world.backend.RunningNow(), 0);
  EXPECT_EQ(ConditionOf(world.Get<Experiment>(key).status.conditions, condition::kSucceeded).reason,
            "ExperimentMaxTrialsReached");
  EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(3), Each(condition::kKilled)));
}

TEST(Lifecycle, MaxFailedTrialCountMayFallToWhatHasFailed) {
  std::atomic<int> jobs = 0;
  TestWorld world([&](const JobPlan& plan) {
    return jobs++ == 0 ? FakeRun{.cause = "user-error", .exit_code = 1} : Endless(plan);
  });
  ByHand hand(world);
  const ObjectKey key = world.Apply(SearchOverLr(
      "e", R"({"maxTrialCount": 9, "maxFailedTrialCount": 5, "parallelTrialCount": 2})"));
  hand.Rounds();
  ASSERT_EQ(world.Get<Experiment>(key).status.trials_failed, 1);
  SetBudget(world, key, R"({"maxFailedTrialCount": 1})");
  hand.Rounds();
  EXPECT_THAT(ConditionOf(world.Get<Experiment>(key).status.conditions, condition::kFailed).message,
              HasSubstr("max failed count"));
  EXPECT_EQ(world.backend.RunningNow(), 0);
}

TEST(Lifecycle, MoreTrialsRestartAnExperimentThatMayBeResumedAndKeepWhatItFound) {
  for (const char* policy : {"LongRunning", "FromVolume"}) {
    TestWorld world(LossIsLr);
    ByHand hand(world);
    Experiment experiment = SearchOverLr("e", R"({"maxTrialCount": 2})");
    experiment.spec.resume_policy = policy;
    const ObjectKey key = world.Apply(experiment);
    hand.Rounds();
    const Experiment ended = world.Get<Experiment>(key);
    ASSERT_NE(ended.status.completion_time, "") << policy;
    SetBudget(world, key, R"({"maxTrialCount": 5})");
    hand.Look(key);
    const Experiment again = world.Get<Experiment>(key);
    EXPECT_EQ(world.EndOf(again.status.conditions), "") << policy;
    EXPECT_EQ(again.status.completion_time, "");
    EXPECT_EQ(again.status.start_time, ended.status.start_time);
    EXPECT_EQ(again.status.current_optimal_trial, ended.status.current_optimal_trial);
    hand.Rounds();
    EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(5), Each(condition::kSucceeded)));
  }
}

TEST(Lifecycle, LogsOfTheJobsThatEndedFirstAreRemovedWhenAllAreTooLarge) {
  for (const bool retain : {false, true}) {
    TestWorld world(LossIsLr);
    ByHand hand(world, {.jobs_bytes_max = 1});
    Experiment experiment = SearchOverLr("e", R"({"maxTrialCount": 3, "parallelTrialCount": 1})");
    experiment.spec.trial_template->retain = retain;
    world.Apply(experiment);
    hand.Rounds(40);
    ASSERT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(3), Each(condition::kSucceeded)));
    EXPECT_EQ(world.backend.Kept(), retain ? 3U : 1U) << "the last one stays";
    for (const Trial& trial : world.Trials()) {
      EXPECT_NE(trial.status.observation.metrics.at(0).latest, "") << "metrics stay";
      EXPECT_THAT(*world.observations->Rows(trial.meta.uid, "loss"), SizeIs(2));
    }
    std::size_t removed = 0;
    for (const TrainingJob& job : Jobs(world)) {
      EXPECT_GT(job.status.log_bytes, 10);
      if (job.status.logs_removed_time.empty()) continue;
      ++removed;
      EXPECT_THAT(job.status.logs_removed_message, HasSubstr("--jobs-size-max"));
    }
    EXPECT_EQ(removed, retain ? 0U : 2U);
  }
}

TEST(Lifecycle, LogsAreRemovedWhenTheirTimeIsOver) {
  TestWorld world(LossIsLr);
  ByHand hand(world);
  Experiment experiment = SearchOverLr("e", R"({"maxTrialCount": 2})");
  experiment.meta.annotations[kJobTtlAnnotation] = "24h";
  world.Apply(experiment);
  hand.Rounds();
  hand.clock.Advance(hours(23));
  hand.Rounds();
  EXPECT_EQ(world.backend.Kept(), 2U);
  hand.clock.Advance(hours(1));
  hand.Rounds();
  EXPECT_EQ(world.backend.Kept(), 0U);
  for (const TrainingJob& job : Jobs(world))
    EXPECT_THAT(job.status.logs_removed_message, HasSubstr("kept for 1d"));
}

// A new operator finds them by what is on disk alone.
TEST(Lifecycle, LogsOfADeletedExperimentStayUntilTheirTimeIsOver) {
  TestWorld world(LossIsLr);
  world.backend.orphans_ended = kStart;
  ObjectKey key = world.Apply(SearchOverLr("e", R"({"maxTrialCount": 2})"));
  {
    ByHand hand(world);
    hand.Rounds();
    ASSERT_THAT(world.TrialEnds(), SizeIs(2));
    ASSERT_TRUE(world.store->Delete(key).ok());
    hand.Rounds();
    ASSERT_THAT(Jobs(world), testing::IsEmpty());
    EXPECT_EQ(world.backend.Kept(), 2U);
  }
  key = world.Apply(SearchOverLr("e", R"({"maxTrialCount": 1})"));
  ByHand later(world);
  later.Rounds();
  EXPECT_EQ(world.backend.Kept(), 3U) << "a new object of the same name has its own";
  later.clock.Advance(hours(24 * 7) - std::chrono::seconds(1));
  later.Look(kRetentionKey);
  EXPECT_EQ(world.backend.Kept(), 3U);
  ByHand latest(world);
  latest.clock.Advance(hours(24 * 7));
  latest.Look(kRetentionKey);
  EXPECT_EQ(world.backend.Kept(), 1U);
  EXPECT_EQ(Jobs(world)[0].status.logs_removed_time, "");
}

TEST(Lifecycle, LogsOfADeletedExperimentCountForTheSizeOfAll) {
  TestWorld world(LossIsLr);
  world.backend.orphans_ended = kStart - hours(1);
  const ObjectKey key = world.Apply(SearchOverLr("e", R"({"maxTrialCount": 2})"));
  world.Apply(SearchOverLr("other", R"({"maxTrialCount": 1})"));
  ByHand hand(world, {.jobs_bytes_max = 1000});
  hand.Rounds();
  ASSERT_TRUE(world.store->Delete(key).ok());
  hand.Rounds();
  EXPECT_EQ(world.backend.Kept(), 3U);
  ByHand strict(world, {.jobs_bytes_max = 1});
  strict.Look(kRetentionKey);
  EXPECT_EQ(world.backend.Kept(), 1U) << "those that ended first go first";
  EXPECT_EQ(Jobs(world)[0].status.logs_removed_time, "");
}

TEST(Lifecycle, MetricsOfADeletedTrialStayUntilItsExperimentGoes) {
  TestWorld world(LossIsLr);
  const ObjectKey key = world.Apply(SearchOverLr("e", R"({"maxTrialCount": 3})"));
  const ObjectKey other = world.Apply(SearchOverLr("other", R"({"maxTrialCount": 1})"));
  ASSERT_TRUE(RunUntilIdle(world));
  ASSERT_THAT(*world.observations->TrialUids(), SizeIs(4));
  const Trial trial = world.Trials()[0];
  const ObjectKey owner = trial.meta.labels.at(kExperimentLabel) == "e" ? key : other;
  const ObjectKey trial_key{Trial::kKind, "default", trial.meta.name};
  const auto manager = NewOperator(*world.store, *world.observations, world.backend);
  ASSERT_TRUE(world.store->Delete(trial_key).ok());
  ASSERT_TRUE(Await([&] {
    return !world.store->Get(trial_key).ok() &&
           !world.Get<Experiment>(owner).meta.annotations.empty();
  }));
  EXPECT_THAT(*world.observations->Rows(trial.meta.uid, "loss"), SizeIs(2));
  ASSERT_TRUE(world.store->Delete(owner == key ? other : key).ok());
  const std::size_t left = owner == key ? 3 : 1;
  EXPECT_TRUE(Await([&] { return world.observations->TrialUids()->size() == left; }));
  EXPECT_THAT(*world.observations->Rows(trial.meta.uid, "loss"), SizeIs(2));
  ASSERT_TRUE(world.store->Delete(owner).ok());
  EXPECT_TRUE(Await([&] { return world.observations->TrialUids()->empty(); }));
  EXPECT_TRUE(Await([&] { return world.backend.Kept() == 0; }));
  EXPECT_TRUE(manager->Stop(std::chrono::seconds(30)).ok());
}

TEST(Lifecycle, MedianStopInKatibsFormTakesTheMean) {
  // The fourth is worse than the median of the averages (1) and better than their mean (4).
  std::atomic<int> jobs = 0;
  TestWorld world([&](const JobPlan&) {
    switch (jobs++) {
      case 0: return FakeRun{.log = "loss=1\nloss=1\n"};
      case 1: return FakeRun{.log = "loss=1\nloss=1\n"};
      case 2: return FakeRun{.log = "loss=10\nloss=10\n"};  // mean of three 4, median 1
      default: return FakeRun{.log = "loss=9\nloss=3\n"};
    }
  });
  Experiment experiment = SearchOverLr("e", R"({
      "earlyStopping": {"algorithmName": "medianstop", "algorithmSettings": [
          {"name": "min_trials_required", "value": "3"}, {"name": "start_step", "value": "2"}]},
      "maxTrialCount": 4, "parallelTrialCount": 1})");
  experiment.meta.annotations[kCompatAnnotation] = "katib";
  world.Apply(experiment);
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_EQ(world.Trials()[3].spec.early_stopping_rules.at(0).value, "4");
  EXPECT_EQ(world.TrialEnds()[3], condition::kSucceeded) << "3 is better than the mean";
}

}  // namespace
}  // namespace lockstep
