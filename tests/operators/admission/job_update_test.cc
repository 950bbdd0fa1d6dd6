// What of a job may change once it is there, in the words of the kind that was applied.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/api/job_kind.h"
#include "operators/convert/convert.h"

namespace lockstep {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A batch/v1 Job as it is kept.
TrainingJob Applied(const std::string& spec) {
  const auto documents = ParseYaml(
      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: ns}\nspec:\n"
      "  template: {spec: {restartPolicy: Never, containers: [{name: c, command: [train]}]}}\n" +
          spec,
      "job.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  auto converted = ConvertToTrainingJob(documents->front());
  EXPECT_TRUE(converted.ok()) << converted.status().message();
  Object object = converted->job;
  SetDefaults(object);
  return std::get<TrainingJob>(object);
}

std::string Refusal(const TrainingJob& before, const TrainingJob& after) {
  const auto findings = ValidateUpdate(before, after, Document{});
  return findings.empty() ? "" : findings.front().path + ": " + findings.front().message;
}

TEST(JobUpdate, SuspendTtlLabelsAndAnnotationsMayChange) {
  const TrainingJob before = Applied("  parallelism: 1\n");
  TrainingJob after = before;
  after.spec.suspend = true;
  after.spec.ttl_seconds_after_finished = 5;
  after.spec.source["spec"]["suspend"] = true;
  after.meta.labels["a"] = "b";
  EXPECT_EQ(Refusal(before, after), "");
}

TEST(JobUpdate, AnythingElseIsRefusedAtTheFieldOfItsOwnKind) {
  const TrainingJob before = Applied("  parallelism: 1\n");
  const std::string refused = Refusal(before, Applied("  parallelism: 2\n  completions: 2\n"));
  EXPECT_THAT(refused, HasSubstr("spec.parallelism (2, was 1)"));
  EXPECT_THAT(refused, HasSubstr("only suspend and ttlSecondsAfterFinished of a job can change; "
                                 "delete it first"));
}

TEST(JobUpdate, ANameIsSharedByAllKinds) {
  const TrainingJob before = Applied("  parallelism: 1\n");
  TrainingJob after = before;
  after.spec.source["kind"] = "TFJob";
  after.spec.source["apiVersion"] = "kubeflow.org/v1";
  EXPECT_THAT(Refusal(before, after),
              HasSubstr("metadata.name: is taken: there is a Job ns/j, and a name is shared by "
                        "jobs of all kinds; delete that first (`lockstep delete job/j -n ns`)"));
}

TEST(JobKind, IsWhatWasApplied) {
  TrainingJob job = Applied("  parallelism: 1\n");
  EXPECT_EQ(AppliedKind(job), "Job");
  EXPECT_EQ(AppliedKey(job).ToString(), "Job ns/j");
  EXPECT_TRUE(IsOfKind(job, kAnyJob));
  EXPECT_TRUE(IsOfKind(job, kBatchJob));
  EXPECT_TRUE(IsOfKind(job, TrainingJob::kKind));
  EXPECT_FALSE(IsOfKind(job, "PyTorchJob"));
  job.spec.source = Json();
  EXPECT_EQ(AppliedKind(job), "TrainingJob");
  EXPECT_TRUE(IsOfKind(job, kAnyJob));
  EXPECT_FALSE(IsOfKind(job, kBatchJob));
}

TEST(JobKind, IsFoundAsUsersTypeIt) {
  for (const auto& [typed, kind] :
       {std::pair{"pytorchjobs", "PyTorchJob"}, std::pair{"PyTorchJob", "PyTorchJob"},
        std::pair{"pytorchjob.kubeflow.org", "PyTorchJob"}, std::pair{"jobs", "Job"},
        std::pair{"job", "Job"}, std::pair{"job.batch", "Job.batch"},
        std::pair{"jobs.batch/v1", "Job.batch"}, std::pair{"tj", "TrainingJob"},
        std::pair{"secret", "Secret"}, std::pair{"trainjob.trainer.kubeflow.org", "TrainJob"}}) {
    const Result<KindName> found = FindKind(typed);
    ASSERT_TRUE(found.ok()) << typed;
    EXPECT_EQ(found->kind, kind);
  }
  EXPECT_THAT(FindKind("pytorchjbos").status().message(), HasSubstr("did you mean pytorchjobs?"));
  EXPECT_FALSE(FindKind("").ok());
}

}  // namespace
}  // namespace lockstep
