// The status of a job on its way and after its end: the pure part.
#include "operators/reconcile/job_status.h"

#include <gtest/gtest.h>

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/api/managed_by.h"
#include "operators/reconcile/job_retirement.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const WallTime kNow{seconds(1'795'600'000)};

TrainingJobSpec Spec(const char* success_policy) {
  TrainingJobSpec spec;
  spec.success_policy = success_policy;
  spec.roles = {{.name = "chief", .replicas = 1, .pod_template = {}},
                {.name = "worker", .replicas = 2, .pod_template = {}}};
  return spec;
}

std::vector<RoleStatus> Roles(const TrainingJobSpec& spec, const JobObservation& observed) {
  TrainingJobStatus status;
  ShowRanks(spec, observed, status);
  return status.roles;
}

TEST(JobStatus, RolesAreWhatTheBackendTellsOrWhatThereIsNoDoubtAbout) {
  using Expected = std::vector<RoleStatus>;
  const JobObservation told{.phase = JobPhase::kRunning,
                            .active = 2,
                            .roles = {{"chief", 1, 0, 0}, {"worker", 1, 1, 0}},
                            .first_failure = {}};
  EXPECT_EQ(Roles(Spec("AllRanks"), told), (Expected{{"chief", 1, 0, 0}, {"worker", 1, 1, 0}}));
  const JobObservation runs{.phase = JobPhase::kRunning, .active = 3, .first_failure = {}};
  EXPECT_EQ(Roles(Spec("AllRanks"), runs), (Expected{{"chief", 1, 0, 0}, {"worker", 2, 0, 0}}));
  const JobObservation starts{.phase = JobPhase::kStarting, .first_failure = {}};
  EXPECT_EQ(Roles(Spec("AllRanks"), starts), (Expected{{"chief", 0, 0, 0}, {"worker", 0, 0, 0}}));
  const JobObservation good{.phase = JobPhase::kSucceeded, .first_failure = {}};
  EXPECT_EQ(Roles(Spec("AllRanks"), good), (Expected{{"chief", 0, 1, 0}, {"worker", 0, 2, 0}}));
  EXPECT_EQ(Roles(Spec("Rank0"), good), (Expected{{"chief", 0, 1, 0}, {"worker", 0, 0, 0}}));
  EXPECT_EQ(Roles(Spec("AnyRank"), good), (Expected{{"chief", 0, 0, 0}, {"worker", 0, 0, 0}}));
  JobObservation bad{.phase = JobPhase::kFailed, .first_failure = FirstFailure{}};
  bad.first_failure->rank = 1;
  bad.first_failure->role = "worker";
  EXPECT_EQ(Roles(Spec("Rank0"), bad), (Expected{{"chief", 0, 0, 0}, {"worker", 0, 0, 1}}));
}

TEST(JobStatus, RanksOfARoleThatOnlyLendsItsHostsAreActiveWhileTheJobRuns) {
  TrainingJobSpec spec = Spec("Rank0");
  spec.roles[1].host_only = true;
  const JobObservation runs{
      .phase = JobPhase::kRunning, .active = 1, .roles = {{"chief", 1, 0, 0}}, .first_failure = {}};
  EXPECT_EQ(Roles(spec, runs)[1], (RoleStatus{"worker", 2, 0, 0}));
  const JobObservation good{.phase = JobPhase::kSucceeded, .first_failure = {}};
  EXPECT_EQ(Roles(spec, good)[1], (RoleStatus{"worker", 0, 0, 0}));
}

TEST(JobStatus, RestartingEndsWhenTheRanksRunAndWhenTheJobHasEnded) {
  FirstFailure failure;
  failure.cause = "signal";
  failure.message = "rank 1 was killed";
  TrainingJobStatus status;
  ShowCreated(status, kNow);
  ShowRunning(status, kNow);
  ShowRestart(status, failure, kNow);
  EXPECT_TRUE(IsTrue(status.conditions, condition::kRestarting));
  EXPECT_FALSE(IsTrue(status.conditions, condition::kRunning));
  EXPECT_EQ(status.generation, 1);
  EXPECT_EQ(status.restarts, (std::vector<RestartCount>{{"signal", 1}}));
  failure.message = "rank 0 was killed";
  ShowRestart(status, failure, kNow);
  const std::string& message = FindCondition(status.conditions, condition::kRestarting)->message;
  EXPECT_EQ(message, "start 3, because rank 0 was killed") << "of the last one";
  TrainingJobStatus running = status;
  ShowRunning(running, kNow);
  EXPECT_EQ(FindCondition(running.conditions, condition::kRestarting), nullptr);
  ShowEnd(status, condition::kSucceeded, "TrainingJobSucceeded", "", kNow);
  EXPECT_EQ(FindCondition(status.conditions, condition::kRestarting), nullptr);
  EXPECT_EQ(status.completion_time, FormatTime(kNow));
}

TrainingJob Ended() {
  TrainingJob job;
  ShowEnd(job.status, condition::kFailed, "r", "", kNow);
  return job;
}

TEST(JobRetirement, AJobGoesWhenItsTimeIsOver) {
  TrainingJob job = Ended();
  EXPECT_FALSE(Retire(job, kNow + std::chrono::hours(9)).remove_job);
  job.spec.ttl_seconds_after_finished = 5;
  EXPECT_EQ(Retire(job, kNow + seconds(2)).look_in, milliseconds(3000));
  EXPECT_FALSE(Retire(job, kNow + seconds(2)).remove_job);
  EXPECT_TRUE(Retire(job, kNow + seconds(5)).remove_job);
  job.spec.ttl_seconds_after_finished = 0;
  EXPECT_TRUE(Retire(job, kNow).remove_job);
  OwnerReference trial;
  trial.kind = "Trial";
  job.meta.owner_references = {trial};
  EXPECT_FALSE(Retire(job, kNow).remove_job) << "its Trial would take it for lost";
  EXPECT_EQ(Retire(job, kNow).look_in, std::nullopt);
}

TEST(JobRetirement, LogsGoWhenTheyAreNotWantedOrNobodyReadsThem) {
  TrainingJob job = Ended();
  for (const char* policy : {"", "None", "Running"}) {
    job.spec.clean_pod_policy = policy;
    EXPECT_FALSE(Retire(job, kNow).remove_logs) << policy;
  }
  job.spec.clean_pod_policy = "All";
  EXPECT_EQ(Retire(job, kNow).remove_logs, kCleanAll);
  TrainingJob kept = job;
  kept.meta.annotations[kRetainAnnotation] = "true";
  EXPECT_FALSE(Retire(kept, kNow).remove_logs);
  TrainingJob gone = job;
  gone.status.logs_removed_time = "then";
  EXPECT_FALSE(Retire(gone, kNow).remove_logs) << "once";
  OwnerReference trial;
  trial.kind = "Trial";
  job.meta.owner_references = {trial};
  EXPECT_FALSE(Retire(job, kNow).remove_logs) << "its Trial may still read them";
  job.meta.annotations[kRemoveLogsAnnotation] = "old";
  EXPECT_EQ(Retire(job, kNow).remove_logs, "old");
}

TEST(ManagedBy, OthersAreThoseWhoAreNoOperatorOfTheKindsHere) {
  for (const char* own : {"", "kubeflow.org/training-operator", "kubeflow.org/mpi-operator",
                          "trainer.kubeflow.org/trainjob-controller", "lockstep.dev/operator",
                          "kubernetes.io/job-controller"}) {
    EXPECT_FALSE(IsManagedElsewhere(own)) << own;
  }
  EXPECT_TRUE(IsManagedElsewhere("kueue.x-k8s.io/multikueue"));
  EXPECT_TRUE(IsManagedElsewhere("my.company/ours"));
}

}  // namespace
}  // namespace lockstep
