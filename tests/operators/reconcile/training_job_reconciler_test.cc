// One job from its manifest to its end, by its reconciler.
#include "operators/reconcile/training_job_reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/api/conditions.h"
#include "operators/reconcile/job_retirement.h"
#include "tests/operators/reconcile/job_world.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr char kJob[] = R"(
apiVersion: lockstep.dev/v1alpha1
kind: TrainingJob
metadata: {name: j}
spec:
  maxRestarts: 3
  roles:
  - name: worker
    replicas: 2
    template: {spec: {containers: [{name: train, command: [train]}]}}
)";

std::unique_ptr<JobWorld> World(const std::string& more = "") {
  auto documents = ParseYaml(std::string(kJob) + more, "job.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().ToString();
  auto world = JobWorld::Create(*std::move(documents), "lab");
  EXPECT_TRUE(world.ok()) << world.status().ToString();
  (*world)->Settle();
  return *std::move(world);
}

void RunAll(JobWorld& world) {
  for (int index : {0, 1}) world.pods().Apply({.role = "worker", .index = index});
  world.Settle();
}

void End(JobWorld& world, int index, int exit_code) {
  world.pods().Apply(
      {.role = "worker", .index = index, .what = PodEvent::What::kEnds, .exit_code = exit_code});
  world.Settle();
}

const Condition* Ended(const TrainingJob& job, const char* type) {
  return IsTrue(job.status.conditions, type) ? FindCondition(job.status.conditions, type) : nullptr;
}

TEST(TrainingJobReconciler, AJobRunsOnceItsRanksDo) {
  const auto world = World();
  EXPECT_EQ(FindCondition(world->Job()->status.conditions, condition::kRunning), nullptr);
  EXPECT_NE(world->Job()->status.start_time, "");
  RunAll(*world);
  EXPECT_TRUE(IsTrue(world->Job()->status.conditions, condition::kRunning));
  EXPECT_EQ(world->Job()->status.roles, (std::vector<RoleStatus>{{"worker", 2, 0, 0}}));
  End(*world, 1, 0);
  EXPECT_EQ(world->Job()->status.roles, (std::vector<RoleStatus>{{"worker", 1, 1, 0}}));
  End(*world, 0, 0);
  EXPECT_NE(Ended(*world->Job(), condition::kSucceeded), nullptr);
  EXPECT_EQ(world->Job()->status.roles, (std::vector<RoleStatus>{{"worker", 0, 2, 0}}));
}

TEST(TrainingJobReconciler, ADeadlineCountsOverAllStartsAndIsKeptByATimer) {
  const auto world = World("  activeDeadlineSeconds: 60\n");
  EXPECT_EQ(world->pods().PlanOf(0).spec.active_deadline_seconds, 60);
  RunAll(*world);
  world->Wait(seconds(20));
  End(*world, 1, 3);
  EXPECT_EQ(world->pods().PlanOf(1).spec.active_deadline_seconds, 40) << "what is left";
  RunAll(*world);
  world->Wait(milliseconds(39'900));
  EXPECT_EQ(Ended(*world->Job(), condition::kFailed), nullptr);
  world->Wait(milliseconds(400));  // and the ranks need a moment to stop
  const std::optional<TrainingJob> job = world->Job();
  const Condition* failed = Ended(*job, condition::kFailed);
  ASSERT_NE(failed, nullptr);
  EXPECT_THAT(failed->message, HasSubstr("activeDeadlineSeconds, 60"));
  EXPECT_EQ(world->Job()->status.first_failure->cause, "deadline");
  EXPECT_EQ(world->Job()->status.restarts, (std::vector<RestartCount>{{"user-error", 1}}));
}

TEST(TrainingJobReconciler, ASuspendedJobIsNotLateAndStartsItsTimeAnew) {
  const auto world = World("  activeDeadlineSeconds: 60\n");
  RunAll(*world);
  const std::string first = world->Job()->status.start_time;
  ASSERT_TRUE(world->Patch(Json::parse(R"({"spec": {"suspend": true}})")).ok());
  world->Settle();
  EXPECT_TRUE(IsTrue(world->Job()->status.conditions, condition::kSuspended));
  world->Wait(seconds(600));
  ASSERT_TRUE(world->Patch(Json::parse(R"({"spec": {"suspend": false}})")).ok());
  world->Settle();
  EXPECT_EQ(Ended(*world->Job(), condition::kFailed), nullptr);
  EXPECT_NE(world->Job()->status.start_time, first);
  EXPECT_EQ(world->pods().PlanOf(1).spec.active_deadline_seconds, 60);
  EXPECT_TRUE(world->Job()->status.restarts.empty()) << "a suspension is no restart";
}

TEST(TrainingJobReconciler, AJobThatUsedUpItsRestartsSaysSo) {
  const auto world = World();
  for (int start = 0; start < 4; ++start) {
    RunAll(*world);
    ASSERT_EQ(Ended(*world->Job(), condition::kFailed), nullptr) << start;
    End(*world, 0, 3);
  }
  const std::optional<TrainingJob> job = world->Job();
  const Condition* failed = Ended(*job, condition::kFailed);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->reason, reason::kTrainingJobBackoffLimitExceeded);
  EXPECT_EQ(world->Job()->status.restarts, (std::vector<RestartCount>{{"user-error", 3}}));
  EXPECT_EQ(FindCondition(world->Job()->status.conditions, condition::kRestarting), nullptr);
  EXPECT_NE(world->Job()->status.completion_time, "");
}

TEST(TrainingJobReconciler, AFinishedJobIsDeletedWhenItsTimeIsOver) {
  const auto world = World("  ttlSecondsAfterFinished: 5\n");
  RunAll(*world);
  End(*world, 0, 0);
  End(*world, 1, 0);
  world->Wait(milliseconds(4900));
  ASSERT_TRUE(world->Job());
  EXPECT_EQ(world->pods().kept(), 1U);
  world->Wait(milliseconds(200));
  EXPECT_FALSE(world->Job());
  EXPECT_EQ(world->pods().kept(), 0U) << "its logs go with it";
}

TEST(TrainingJobReconciler, CleanPodPolicyAllRemovesTheLogsAtTheEnd) {
  const auto world = World("  cleanPodPolicy: All\n");
  RunAll(*world);
  End(*world, 0, 0);
  EXPECT_EQ(world->pods().kept(), 1U);
  End(*world, 1, 0);
  EXPECT_EQ(world->pods().kept(), 0U);
  EXPECT_EQ(world->Job()->status.logs_removed_message, kCleanAll);
}

TEST(TrainingJobReconciler, AJobThatSomebodyElseManagesIsLeftAlone) {
  const auto world = World("  managedBy: kueue.x-k8s.io/multikueue\n");
  EXPECT_EQ(world->Job()->status, TrainingJobStatus{});
  EXPECT_EQ(world->pods().kept(), 0U);
}

}  // namespace
}  // namespace lockstep
