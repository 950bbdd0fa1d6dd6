// The job of a trial, of any kind, and whose metrics it reports.
#include "operators/reconcile/trial_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/api/conditions.h"
#include "tests/operators/reconcile/test_world.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

constexpr char kTfJob[] = R"({
  "apiVersion": "kubeflow.org/v1", "kind": "TFJob",
  "spec": {"tfReplicaSpecs": {
    "Chief": {"replicas": 1, "template": {"spec": {"containers": [
        {"name": "tensorflow", "image": "x",
         "command": ["train", "--lr=${trialParameters.lr}"]}]}}},
    "Worker": {"replicas": 2, "template": {"spec": {"containers": [
        {"name": "tensorflow", "image": "x", "command": ["train"]}]}}}}}})";

Trial TrialOf(Labels labels, const char* patch = "{}") {
  Trial trial;
  trial.meta.name = "t";
  trial.meta.namespace_ = "lab";
  trial.spec.run_spec = Json::parse(kTfJob);
  trial.spec.run_spec.merge_patch(Json::parse(patch));
  trial.spec.primary_pod_labels = std::move(labels);
  trial.spec.primary_container_name = "tensorflow";
  return trial;
}

TEST(TrialJob, HasTheNameOfItsTrialWhereverItStands) {
  const Result<TrainingJob> job = TrialJob(TrialOf({}));
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  EXPECT_EQ(job->meta.name, "t");
  const auto& env = job->spec.roles.at(0).pod_template.spec.containers.at(0).env;
  ASSERT_FALSE(env.empty());
  EXPECT_THAT(env.back().value, HasSubstr("${lockstep.host:chief/0}"));
  EXPECT_THAT(job->spec.roles.at(0).host_names.at(0), HasSubstr("t-chief-"));
  EXPECT_FALSE(job->spec.metrics_collector) << "rank 0 needs no word";
}

TEST(TrialJob, SaysWhichRankIsRead) {
  const Result<TrainingJob> job =
      TrialJob(TrialOf({{"training.kubeflow.org/replica-type", "worker"},
                        {"training.kubeflow.org/replica-index", "1"}}));
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  ASSERT_TRUE(job->spec.metrics_collector);
  EXPECT_EQ(job->spec.metrics_collector->rank, 2);
}

TEST(TrialJob, IsRefusedWhereNobodyWouldReportOrRunIt) {
  EXPECT_THAT(TrialJob(TrialOf({{"no", "such"}})).status().message(),
              HasSubstr("spec.primaryPodLabels: no pod of the job has no=such"));
  Trial trial = TrialOf({});
  trial.spec.primary_container_name = "other";
  EXPECT_THAT(TrialJob(trial).status().message(), HasSubstr("spec.primaryContainerName: "));
  EXPECT_THAT(
      TrialJob(
          TrialOf({}, R"({"spec": {"runPolicy": {"managedBy": "kueue.x-k8s.io/multikueue"}}})"))
          .status()
          .message(),
      HasSubstr("managedBy is \"kueue.x-k8s.io/multikueue\""));
}

Experiment SearchOverTfJobs(const char* labels) {
  Experiment experiment = SearchOverLr("e", R"({"maxTrialCount": 2, "parallelTrialCount": 1})");
  experiment.spec.trial_template->trial_spec = Json::parse(kTfJob);
  experiment.spec.trial_template->primary_pod_labels = {
      {"training.kubeflow.org/replica-type", labels}};
  experiment.spec.trial_template->success_condition.clear();
  experiment.spec.trial_template->failure_condition.clear();
  return experiment;
}

TEST(TrialJob, ItsMetricsAreThoseOfThePrimaryRankAndItsEndIsThatOfItsKind) {
  for (const auto& [type, loss] : {std::pair{"chief", "9"}, std::pair{"worker", "0.25"}}) {
    TestWorld world([](const JobPlan&) {
      return FakeRun{.log = "loss=9\n", .files = {{"rank-1.log", "loss=0.25\n"}}};
    });
    world.Apply(SearchOverTfJobs(type));
    ASSERT_TRUE(RunUntilIdle(world));
    ASSERT_EQ(world.Trials().size(), 2U);
    for (const Trial& trial : world.Trials()) {
      EXPECT_EQ(world.EndOf(trial.status.conditions), condition::kSucceeded) << type;
      EXPECT_EQ(trial.status.observation.metrics.at(0).latest, loss) << type;
    }
  }
}

TEST(TrialJob, OfAJobWithoutMetricsTheLastLinesAreThoseOfThePrimaryRank) {
  TestWorld world([](const JobPlan&) {
    return FakeRun{.log = "loss=9\n", .files = {{"rank-1.log", "nothing to see\n"}}};
  });
  world.Apply(SearchOverTfJobs("worker"));
  ASSERT_TRUE(RunUntilIdle(world));
  const auto conditions = world.Trials().at(0).status.conditions;
  ASSERT_EQ(world.EndOf(conditions), condition::kMetricsUnavailable);
  EXPECT_THAT(FindCondition(conditions, condition::kMetricsUnavailable)->message,
              HasSubstr("last lines of rank 1:\n  nothing to see"));
}

}  // namespace
}  // namespace lockstep
