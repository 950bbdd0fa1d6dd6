// The whole operator in one process: Experiments run to each of their ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "operators/api/conditions.h"
#include "tests/operators/reconcile/test_world.h"

namespace lockstep {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

// Type, reason and message of the condition an Experiment ended with.
Condition EndOfExperiment(const TestWorld& world, const ObjectKey& key) {
  const auto conditions = world.Get<Experiment>(key).status.conditions;
  const std::string type = world.EndOf(conditions);
  const Condition* condition = FindCondition(conditions, type);
  return condition != nullptr ? *condition : Condition{};
}

TEST(Engine, RunsEveryTrialOnceAndFindsTheBest) {
  TestWorld world(LossIsLr);
  const ObjectKey key =
      world.Apply(SearchOverLr("e", R"({"maxTrialCount": 6, "parallelTrialCount": 2})"));
  ASSERT_TRUE(RunUntilIdle(world));
  const Experiment experiment = world.Get<Experiment>(key);
  EXPECT_EQ(EndOfExperiment(world, key).reason, "ExperimentMaxTrialsReached");
  EXPECT_NE(experiment.status.completion_time, "");
  EXPECT_EQ(experiment.status.trials_succeeded, 6);
  EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(6), Each(condition::kSucceeded)));
  EXPECT_THAT(world.backend.Starts(), testing::AllOf(SizeIs(6), Each(Pair(testing::_, 1))));
  EXPECT_LE(world.backend.RunningAtMost(), 2);
  const auto search = world.Get<Suggestion>({Suggestion::kKind, "default", "e"});
  EXPECT_EQ(world.EndOf(search.status.conditions), condition::kSucceeded);

  const std::vector<Trial> trials = world.Trials();
  const auto lr = [](const Trial& trial) {
    return std::stod(trial.spec.parameter_assignments.at(0).value);
  };
  const auto best = std::min_element(trials.begin(), trials.end(),
                                     [&](const Trial& a, const Trial& b) { return lr(a) < lr(b); });
  EXPECT_EQ(experiment.status.current_optimal_trial->best_trial_name, best->meta.name);
  ASSERT_THAT(best->status.curve, SizeIs(2));
  EXPECT_EQ(best->status.curve[1].step, 2);
  EXPECT_EQ(best->status.observation.metrics.at(0).max, "9");
}

TEST(Engine, EndsWhenTheGridIsExhausted) {
  TestWorld world(LossIsLr);
  const ObjectKey key = world.Apply(SearchOverLr("e", R"({
      "algorithm": {"algorithmName": "grid"}, "parallelTrialCount": 3,
      "parameters": [{"name": "lr", "parameterType": "double",
                      "feasibleSpace": {"min": "0.01", "max": "0.04", "step": "0.01"}}]})"));
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_EQ(EndOfExperiment(world, key).type, condition::kSucceeded);
  EXPECT_EQ(EndOfExperiment(world, key).reason, "ExperimentSuggestionEndReached");
  EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(4), Each(condition::kSucceeded)));
}

TEST(Engine, StopsWhatRunsOnceTheGoalIsReached) {
  // The first job to start reaches the goal; the others never end by themselves.
  std::atomic<int> jobs = 0;
  TestWorld world([&](const JobPlan&) {
    return jobs++ == 0 ? FakeRun{.log = "loss=0.001\n", .looks = 20} : FakeRun{.looks = -1};
  });
  const ObjectKey key = world.Apply(SearchOverLr("e", R"({
      "objective": {"goal": 0.01}, "maxTrialCount": 9, "parallelTrialCount": 3})"));
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_EQ(EndOfExperiment(world, key).reason, "ExperimentGoalReached");
  EXPECT_EQ(world.backend.RunningNow(), 0);
  const Experiment experiment = world.Get<Experiment>(key);
  EXPECT_EQ(experiment.status.trials_succeeded, 1);
  EXPECT_EQ(experiment.status.trials_killed, experiment.status.trials - 1);
  for (const Trial& trial : world.Trials()) {
    const Condition* killed = FindCondition(trial.status.conditions, condition::kKilled);
    if (killed != nullptr) {
      EXPECT_THAT(killed->message, HasSubstr("the Experiment is done"));
    }
  }
}

TEST(Engine, MedianStopEndsAHopelessTrialEarlyAndKeepsWhatItMeasured) {
  // Two trials of 1.0 and 3.0 on average; the third is worse from its second report on, and would
  // never end.
  std::atomic<int> jobs = 0;
  TestWorld world([&](const JobPlan&) {
    switch (jobs++) {
      case 0: return FakeRun{.log = "loss=1.5\nloss=0.5\nloss=0.1\n"};
      case 1: return FakeRun{.log = "loss=4\nloss=2\n"};
      case 2: return FakeRun{.log = "loss=9\nloss=2.5\n", .looks = -1};
      default: return FakeRun{.log = "loss=9\nloss=1.9\n"};  // better than the median, 2
    }
  });
  const ObjectKey key = world.Apply(SearchOverLr("e", R"({
      "earlyStopping": {"algorithmName": "medianstop", "algorithmSettings": [
          {"name": "min_trials_required", "value": "2"}, {"name": "start_step", "value": "2"}]},
      "maxTrialCount": 4, "parallelTrialCount": 1})"));
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_EQ(EndOfExperiment(world, key).reason, "ExperimentMaxTrialsReached");
  EXPECT_EQ(world.Get<Experiment>(key).status.trials_early_stopped, 1);
  EXPECT_THAT(world.TrialEnds(), ElementsAre(condition::kSucceeded, condition::kSucceeded,
                                             condition::kEarlyStopped, condition::kSucceeded));
  const Trial stopped = world.Trials()[2];
  EXPECT_EQ(stopped.status.observation.metrics.at(0).min, "2.5");
  EXPECT_EQ(FindCondition(stopped.status.conditions, condition::kEarlyStopped)->message,
            "Trial was stopped early: loss, at best, is greater than 2 at report 2 (2.5)");
  EXPECT_EQ(world.backend.RunningNow(), 0);
}

TEST(Engine, FailsAfterTooManyFailedTrialsAndSaysHowEachFailed) {
  TestWorld world([](const JobPlan&) {
    return FakeRun{.log = "no such data set", .cause = "user-error", .exit_code = 3};
  });
  const ObjectKey key = world.Apply(SearchOverLr(
      "e", R"({"maxTrialCount": 9, "maxFailedTrialCount": 2, "parallelTrialCount": 1})"));
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_EQ(EndOfExperiment(world, key).type, condition::kFailed);
  EXPECT_THAT(EndOfExperiment(world, key).message, HasSubstr("max failed count"));
  ASSERT_THAT(world.TrialEnds(), ElementsAre(condition::kFailed, condition::kFailed));
  const std::string message =
      FindCondition(world.Trials()[0].status.conditions, condition::kFailed)->message;
  EXPECT_THAT(message, HasSubstr("rank 0"));
  EXPECT_THAT(message, HasSubstr("no such data set"));
}

TEST(Engine, AJobWithoutTheObjectiveEndsAsMetricsUnavailableAtOnce) {
  for (const char* log : {"accuracy=0.9\n", "loss=nan\n", ""}) {
    TestWorld world([&](const JobPlan&) { return FakeRun{.log = log}; });
    const ObjectKey key = world.Apply(SearchOverLr(
        "e", R"({"maxTrialCount": 9, "maxFailedTrialCount": 1, "parallelTrialCount": 1})"));
    ASSERT_TRUE(RunUntilIdle(world)) << log;
    EXPECT_EQ(EndOfExperiment(world, key).type, condition::kFailed);
    EXPECT_THAT(world.TrialEnds(), ElementsAre(condition::kMetricsUnavailable)) << log;
    EXPECT_THAT(
        FindCondition(world.Trials()[0].status.conditions, condition::kMetricsUnavailable)->message,
        HasSubstr("loss=VALUE"));
  }
}

// A batch/v1 Job of two ranks in place of the TrainingJob, under these conditions.
Experiment SearchWithJob(const std::string& success, const std::string& failure) {
  Experiment experiment = SearchOverLr("e", R"({"maxTrialCount": 1, "maxFailedTrialCount": 1})");
  TrialTemplate& trial_template = *experiment.spec.trial_template;
  trial_template.trial_spec = Json::parse(R"({
      "apiVersion": "batch/v1", "kind": "Job",
      "spec": {"parallelism": 2, "backoffLimit": 0, "template": {"spec": {
        "containers": [{"name": "train", "command": ["train", "--lr=${trialParameters.lr}"]}]
      }}}})");
  trial_template.success_condition = success;
  trial_template.failure_condition = failure;
  return experiment;
}

TEST(Engine, AJobSucceedsAndFailsByTheConditionsOfItsOwnKind) {
  struct Case {
    const char* success;
    const char* failure;
    int exit_code;
    const char* end;
  };
  const std::string gone = "status.conditions.#(type==\"Gone\")";
  const Case cases[] = {
      {"status.[@this].#(succeeded==2)", gone.c_str(), 0, condition::kSucceeded},
      {"status.conditions.#(reason==\"CompletionsReached\")#", gone.c_str(), 0,
       condition::kSucceeded},
      {gone.c_str(), "status.[@this].#(failed>0)", 3, condition::kFailed},
      {gone.c_str(), "status.conditions.#(reason==\"BackoffLimitExceeded\")", 3,
       condition::kFailed},
      // A trial may call a failure a success, and the other way round.
      {"status.conditions.#(type==\"Failed\")", gone.c_str(), 3, condition::kSucceeded},
      {gone.c_str(), "status.[@this].#(succeeded>0)", 0, condition::kFailed},
  };
  for (const auto& [success, failure, exit_code, end] : cases) {
    TestWorld world([exit_code](const JobPlan&) {
      return FakeRun{.log = "loss=0.5\n",
                     .cause = exit_code == 0 ? "succeeded" : "user-error",
                     .exit_code = exit_code};
    });
    world.Apply(SearchWithJob(success, failure));
    ASSERT_TRUE(RunUntilIdle(world)) << success;
    EXPECT_THAT(world.TrialEnds(), ElementsAre(end)) << success << " / " << failure;
  }
}

TEST(Engine, ATrialFailsWhenNeitherConditionKnowsTheEndOfItsJob) {
  for (const int exit_code : {0, 3}) {
    TestWorld world([exit_code](const JobPlan&) {
      return FakeRun{.log = "loss=0.5\n",
                     .cause = exit_code == 0 ? "succeeded" : "user-error",
                     .exit_code = exit_code};
    });
    world.Apply(SearchWithJob("status.[@this].#(succeeded==3)", "status.[@this].#(failed==3)"));
    ASSERT_TRUE(RunUntilIdle(world));
    ASSERT_THAT(world.TrialEnds(), ElementsAre(condition::kFailed));
    const std::string message =
        FindCondition(world.Trials()[0].status.conditions, condition::kFailed)->message;
    EXPECT_THAT(message, HasSubstr("successCondition status.[@this].#(succeeded==3)"));
    EXPECT_THAT(message, HasSubstr("failureCondition status.[@this].#(failed==3)"));
    EXPECT_THAT(message, HasSubstr(exit_code == 0 ? "\"succeeded\":2" : "\"failed\":1"));
  }
}

TEST(Engine, FailsAnExperimentThatCannotBeSearched) {
  TestWorld world(LossIsLr);
  const ObjectKey key =
      world.Apply(SearchOverLr("e", R"({"algorithm": {"algorithmName": "rnadom"}})"));
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_THAT(EndOfExperiment(world, key).message, HasSubstr("rnadom"));
  EXPECT_THAT(world.Trials(), SizeIs(0));
}

TEST(Engine, FailsAnExperimentWhoseTemplateCannotBeRendered) {
  TestWorld world(LossIsLr);
  const ObjectKey key =
      world.Apply(SearchOverLr("e", R"({"trialTemplate": {"trialParameters": []}})"));
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_EQ(EndOfExperiment(world, key).type, condition::kFailed);
  EXPECT_THAT(world.Trials(), SizeIs(0));
}

TEST(Engine, StartsALostJobAgainAndKeepsTheMetricsOfBothStarts) {
  TestWorld world([](const JobPlan& plan) {
    return plan.id.generation == 0 ? FakeRun{.log = "epoch=1 loss=0.5\n", .cause = "launcher-lost"}
                                   : FakeRun{.log = "epoch=2 loss=0.4\n"};
  });
  world.Apply(SearchOverLr("e", R"({"maxTrialCount": 1, "parallelTrialCount": 1})"));
  ASSERT_TRUE(RunUntilIdle(world));
  ASSERT_THAT(world.TrialEnds(), ElementsAre(condition::kSucceeded));
  const Trial trial = world.Trials()[0];
  EXPECT_EQ(trial.status.observation.metrics.at(0).min, "0.4");
  EXPECT_EQ(trial.status.observation.metrics.at(0).max, "0.5");
  EXPECT_THAT(world.backend.Starts(), ElementsAre(Pair("default/" + trial.meta.name + "/0", 1),
                                                  Pair("default/" + trial.meta.name + "/1", 1)));
}

TEST(Engine, ShowsMetricsWhileATrialRuns) {
  TestWorld world([](const JobPlan&) {
    return FakeRun{.log = "epoch=1 loss=0.5\nepoch=2 loss=0.4\n", .looks = 1'000'000};
  });
  world.Apply(SearchOverLr("e", R"({"maxTrialCount": 1})"));
  EXPECT_TRUE(RunUntil(world, [&] {
    const std::vector<Trial> trials = world.Trials();
    return !trials.empty() && trials[0].status.curve.size() == 2 &&
           IsTrue(trials[0].status.conditions, condition::kRunning);
  }));
}

TEST(Engine, DeletingAnExperimentStopsAndRemovesEverything) {
  TestWorld world([](const JobPlan&) { return FakeRun{.looks = -1}; });
  const ObjectKey key = world.Apply(SearchOverLr("e", R"({"maxTrialCount": 3})"));
  ASSERT_TRUE(RunUntil(world, [&] { return world.backend.RunningNow() == 3; }));
  ASSERT_TRUE(world.store->Delete(key).ok());
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_EQ(world.backend.RunningNow(), 0);
  for (const char* kind : {Experiment::kKind, Suggestion::kKind, Trial::kKind, TrainingJob::kKind})
    EXPECT_THAT(*world.store->List({.kind = kind, .namespace_ = "", .labels = {}}), SizeIs(0))
        << kind;
}

TEST(Engine, ATrialWhoseJobWasDeletedFailsAndIsNotRunAgain) {
  TestWorld world([](const JobPlan&) { return FakeRun{.looks = -1}; });
  world.Apply(SearchOverLr("e", R"({"maxTrialCount": 1, "maxFailedTrialCount": 1})"));
  ASSERT_TRUE(RunUntil(world, [&] { return world.backend.RunningNow() == 1; }));
  const std::string name = world.Trials()[0].meta.name;
  ASSERT_TRUE(world.store->Delete({TrainingJob::kKind, "default", name}).ok());
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_THAT(world.TrialEnds(), ElementsAre(condition::kFailed));
  EXPECT_THAT(world.backend.Starts(), Each(Pair(testing::_, 1)));
}

TEST(Engine, GoesOnWhenMaxTrialCountIsRaised) {
  TestWorld world(LossIsLr);
  const ObjectKey key =
      world.Apply(SearchOverLr("e", R"({"maxTrialCount": 2, "resumePolicy": "LongRunning"})"));
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_THAT(world.Trials(), SizeIs(2));
  Experiment raised = world.Get<Experiment>(key);
  raised.spec.max_trial_count = 5;
  ASSERT_TRUE(world.store->Update(raised).ok());
  ASSERT_TRUE(RunUntil(world, [&] { return world.Trials().size() == 5; }));
  ASSERT_TRUE(RunUntilIdle(world));
  EXPECT_THAT(world.TrialEnds(), testing::AllOf(SizeIs(5), Each(condition::kSucceeded)));
  EXPECT_EQ(EndOfExperiment(world, key).reason, "ExperimentMaxTrialsReached");
}

TEST(Engine, AJobWaitsForItsConfigMapAndStartsWhenItComes) {
  std::string seen;
  TestWorld world([&](const JobPlan& plan) {
    seen = plan.spec.roles.at(0).pod_template.spec.containers.at(0).env.at(0).value;
    return FakeRun{};
  });
  TrainingJob job;
  job.meta.name = "job";
  job.meta.namespace_ = "default";
  Container container;
  container.command = {"train"};
  container.env = {{"A", "", EnvVarSource{.config_map_key_ref = ConfigMapKeyRef{"c", "k", false}}}};
  JobRole role;
  role.pod_template.spec.containers = {container};
  job.spec.roles = {role};
  const ObjectKey key = world.Apply(job);
  const auto running = [&] {
    const auto conditions = world.Get<TrainingJob>(key).status.conditions;
    const Condition* found = FindCondition(conditions, condition::kRunning);
    return found == nullptr ? Condition{} : *found;
  };
  ConfigMap map;
  map.meta.name = "c";
  map.meta.namespace_ = "default";
  map.data = {{"k", "v"}};
  Condition waiting;
  // The same operator sees it come.
  ASSERT_TRUE(RunUntil(world, [&] {
    if (waiting.status.empty() && running().status == "False") {
      waiting = running();
      EXPECT_TRUE(world.backend.Starts().empty());
      world.Apply(map);
    }
    return HasEnded(world.Get<TrainingJob>(key).status.conditions);
  }));
  EXPECT_EQ(waiting.reason, "CreateContainerConfigError");
  EXPECT_THAT(waiting.message, HasSubstr("there is no ConfigMap default/c"));
  EXPECT_EQ(world.EndOf(world.Get<TrainingJob>(key).status.conditions), condition::kSucceeded);
  EXPECT_EQ(seen, "v");
}

TEST(Engine, RunsATrainingJobByItself) {
  TestWorld world([](const JobPlan& plan) {
    return plan.id.generation < 2 ? FakeRun{.cause = "signal", .signal = 9} : FakeRun{};
  });
  TrainingJob job;
  job.meta.name = "job";
  job.meta.namespace_ = "default";
  job.spec.max_restarts = 2;
  const ObjectKey key = world.Apply(job);
  ASSERT_TRUE(RunUntilIdle(world));
  const TrainingJobStatus status = world.Get<TrainingJob>(key).status;
  EXPECT_EQ(world.EndOf(status.conditions), condition::kSucceeded);
  EXPECT_EQ(status.generation, 2);
  EXPECT_EQ(status.first_failure->signal, 9);
}

}  // namespace
}  // namespace lockstep
