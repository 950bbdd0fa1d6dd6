// The status in the shape of each kind, where the recorded cases
// (operators_lifecycle_conformance_test) do not look.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/api/conditions.h"
#include "operators/convert/job_object.h"

namespace lockstep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const WallTime kNow{std::chrono::seconds(1'795'600'000)};

Json Manifest(const char* api_version, const char* kind) {
  return {{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", "j"}}}};
}

TrainingJob Job(std::vector<std::pair<const char*, int>> roles) {
  TrainingJob job;
  job.meta.name = "j";
  job.meta.namespace_ = "lab";
  job.meta.uid = "u";
  job.spec.max_restarts = 6;
  for (const auto& [name, replicas] : roles) {
    JobRole role;
    role.name = name;
    role.replicas = replicas;
    job.spec.roles.push_back(role);
  }
  SetTrue(job.status.conditions, condition::kCreated, "TrainingJobCreated", "", kNow);
  return job;
}

Json ConditionOf(const Json& object, const char* type) {
  for (const Json& condition : object.at("status").value("conditions", Json::array())) {
    if (condition.at("type") == type) return condition;
  }
  return {};
}

void FailBy(TrainingJob& job, const char* role, const char* end_reason) {
  FirstFailure failure;
  failure.rank = 1;
  failure.role = role;
  failure.cause = "user-error";
  failure.exit_code = 3;
  failure.message = "rank 1 exited with code 3";
  job.status.first_failure = failure;
  SetEnded(job.status.conditions, condition::kFailed, end_reason, failure.message, kNow);
}

TEST(KindStatus, HasTheMetadataOfTheJobAndNoStatusBeforeThereIsOne) {
  TrainingJob job = Job({{"worker", 1}});
  job.status.conditions.clear();
  const Json object = JobObject(Manifest("kubeflow.org/v1", "PyTorchJob"), job);
  EXPECT_EQ(object.at("kind"), "PyTorchJob");
  EXPECT_EQ(object.at("metadata").at("uid"), "u");
  EXPECT_EQ(object.at("status"), Json::object()) << "as of a job that somebody else manages";
}

TEST(KindStatus, AFailureSaysWhatTheOperatorSaysAndThenWhatWeKnow) {
  const struct {
    const char* kind;
    const char* end_reason;
    const char* sentence;
  } cases[] = {
      {"PyTorchJob", reason::kTrainingJobFailed,
       "PyTorchJob j is failed because 1 Worker replica(s) failed."},
      {"TFJob", reason::kTrainingJobFailed,
       "TFJob lab/j has failed because 1 Worker replica(s) failed."},
      {"JAXJob", reason::kTrainingJobBackoffLimitExceeded,
       "Job j has failed because it has reached the specified backoff limit"},
  };
  for (const auto& c : cases) {
    TrainingJob job = Job({{"chief", 1}, {"worker", 2}});
    FailBy(job, "worker", c.end_reason);
    const Json failed = ConditionOf(JobObject(Manifest("kubeflow.org/v1", c.kind), job), "Failed");
    EXPECT_EQ(failed.at("reason"), std::string(c.kind) + "Failed");
    EXPECT_THAT(failed.at("message").get<std::string>(), StartsWith(c.sentence));
    EXPECT_THAT(failed.at("message").get<std::string>(), HasSubstr("rank 1 exited with code 3"));
  }
}

TEST(KindStatus, AJobThatWasStoppedBlamesNobody) {
  TrainingJob job = Job({{"worker", 2}});
  SetEnded(job.status.conditions, condition::kFailed, reason::kTrainingJobStopped, "no money",
           kNow);
  const Json manifest = Manifest("kubeflow.org/v1", "XGBoostJob");
  EXPECT_EQ(ConditionOf(JobObject(manifest, job), "Failed").at("message"), "no money");
}

TEST(KindStatus, MpiOperatorIsSuspendedBeforeItDoesNotRun) {
  TrainingJob job = Job({{"launcher", 1}, {"worker", 2}});
  SetFalse(job.status.conditions, condition::kRunning, reason::kTrainingJobSuspended, "", kNow);
  SetTrue(job.status.conditions, condition::kSuspended, reason::kTrainingJobSuspended, "", kNow);
  const Json object = JobObject(Manifest("kubeflow.org/v2beta1", "MPIJob"), job);
  const Json& conditions = object.at("status").at("conditions");
  ASSERT_EQ(conditions.size(), 3U);
  EXPECT_EQ(conditions[0].at("message"), "MPIJob lab/j is created.");
  EXPECT_EQ(conditions[1].at("type"), "Suspended");
  EXPECT_EQ(conditions[1].at("message"), "MPIJob suspended");
  EXPECT_EQ(conditions[2].at("type"), "Running");
  EXPECT_EQ(conditions[2].at("reason"), "MPIJobSuspended");
}

TEST(KindStatus, WhatWaitsOrIsBeingStoppedHasNoConditionThatItsOperatorDoesNotKnow) {
  TrainingJob job = Job({{"worker", 2}});
  SetFalse(job.status.conditions, condition::kRunning, reason::kCreateContainerConfigError, "",
           kNow);
  SetFalse(job.status.conditions, condition::kSuspended, reason::kTrainingJobSuspending, "", kNow);
  for (const auto& [api_version, kind, conditions] :
       {std::tuple{"kubeflow.org/v1", "PaddleJob", 1U},
        std::tuple{"trainer.kubeflow.org/v1alpha1", "TrainJob", 0U},
        std::tuple{"batch/v1", "Job", 0U}}) {
    const Json object = JobObject(Manifest(api_version, kind), job);
    EXPECT_EQ(object.at("status").value("conditions", Json::array()).size(), conditions) << kind;
  }
}

TEST(KindStatus, OfAJobIsSuspendedWithoutStartTime) {
  TrainingJob job = Job({{"worker", 2}});
  job.status.start_time = "2026-01-01T00:00:00Z";
  SetTrue(job.status.conditions, condition::kSuspended, reason::kTrainingJobSuspended, "", kNow);
  Json object = JobObject(Manifest("batch/v1", "Job"), job);
  EXPECT_EQ(ConditionOf(object, "Suspended").at("reason"), "JobSuspended");
  EXPECT_FALSE(object.at("status").contains("startTime"));
  SetFalse(job.status.conditions, condition::kSuspended, reason::kTrainingJobResumed, "", kNow);
  object = JobObject(Manifest("batch/v1", "Job"), job);
  EXPECT_EQ(ConditionOf(object, "Suspended").at("reason"), "JobResumed");
  EXPECT_TRUE(object.at("status").contains("startTime"));
}

TEST(KindStatus, OfATrainJobCountsTheRolesAsJobs) {
  TrainingJob job = Job({{"node", 2}});
  job.status.roles = {{"node", 1, 0, 0}};
  const Json manifest = Manifest("trainer.kubeflow.org/v1alpha1", "TrainJob");
  const auto counts = [&] { return JobObject(manifest, job).at("status").at("jobsStatus").at(0); };
  EXPECT_EQ(counts(), Json::parse(R"({"name": "node", "active": 1, "ready": 0, "succeeded": 0,
                                      "failed": 0, "suspended": 0})"));
  job.status.roles = {{"node", 1, 1, 0}};
  EXPECT_EQ(counts().at("ready"), 1) << "one has ended well, and one runs";
  job.status.roles = {{"node", 0, 1, 1}};
  FailBy(job, "node", reason::kTrainingJobBackoffLimitExceeded);
  EXPECT_EQ(counts().at("failed"), 1);
  const Json failed = ConditionOf(JobObject(manifest, job), "Failed");
  EXPECT_EQ(failed.at("reason"), "ReachedMaxRestarts");
  EXPECT_THAT(failed.at("message").get<std::string>(), HasSubstr("first failed job: j-node-0"));
}

}  // namespace
}  // namespace lockstep
