#include "operators/convert/job_object.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

const Json kManifest = Json::parse(R"({"apiVersion": "batch/v1", "kind": "Job",
    "metadata": {"name": "j", "labels": {"a": "b"}}, "spec": {"parallelism": 3}})");

TrainingJob Job(const char* type, const char* message) {
  TrainingJob job;
  job.meta.name = "j";
  job.spec.roles.resize(1);
  job.spec.roles[0].replicas = 3;
  job.status.start_time = "2026-01-01T00:00:00Z";
  job.status.completion_time = "2026-01-01T00:01:00Z";
  job.status.generation = 1;
  job.status.restarts = {{"user-error", 1}};
  Condition ended;
  ended.type = type;
  ended.status = "True";
  ended.message = message;
  ended.last_transition_time = "2026-01-01T00:01:00Z";
  job.status.conditions = {ended};
  return job;
}

TEST(JobObject, OfAJobThatSucceededIsComplete) {
  Json expected = kManifest;
  expected["status"] = Json::parse(R"({
      "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:00Z",
      "succeeded": 3, "failed": 1,
      "conditions": [{"type": "Complete", "status": "True", "reason": "CompletionsReached",
                      "message": "m", "lastProbeTime": "2026-01-01T00:01:00Z",
                      "lastTransitionTime": "2026-01-01T00:01:00Z"}]})");
  EXPECT_EQ(JobObject(kManifest, Job("Succeeded", "m")), expected);
}

TEST(JobObject, OfAJobThatFailedSaysWhyInKubernetesWords) {
  TrainingJob job = Job("Failed", "rank 1 exited with 3");
  const Json status = JobObject(kManifest, job).at("status");
  EXPECT_EQ(status.at("conditions").at(0).at("reason"), "BackoffLimitExceeded");
  EXPECT_EQ(status.at("conditions").at(0).at("message"), "rank 1 exited with 3");
  EXPECT_EQ(status.at("failed"), 2);
  EXPECT_FALSE(status.contains("succeeded"));
  EXPECT_FALSE(status.contains("completionTime"));
  job.status.first_failure.emplace().cause = "deadline";
  EXPECT_EQ(JobObject(kManifest, job).at("status").at("conditions").at(0).at("reason"),
            "DeadlineExceeded");
}

TEST(JobObject, OfAJobThatRunsHasItsRanks) {
  TrainingJob job = Job("Running", "");
  job.status.completion_time = "";
  job.status.generation = 0;
  job.status.restarts.clear();
  job.status.active = 3;
  EXPECT_EQ(JobObject(kManifest, job).at("status"),
            Json::parse(R"({"startTime": "2026-01-01T00:00:00Z", "active": 3, "ready": 3})"));
}

TEST(JobObject, OfATrainingJobIsTheTrainingJob) {
  const Json object = JobObject(Json{{"kind", "TrainingJob"}}, Job("Succeeded", "m"));
  EXPECT_EQ(object.at("kind"), "TrainingJob");
  EXPECT_EQ(object.at("metadata").at("name"), "j");
  EXPECT_EQ(object.at("status").at("conditions").at(0).at("type"), "Succeeded");
}

}  // namespace
}  // namespace lockstep
