#include "operators/api/job_kind.h"

#include <algorithm>

#include "operators/codec/text_field.h"

namespace lockstep {

const std::vector<KindName>& JobKindNames() {
  static const std::vector<KindName> names = {
      {kAnyJob, "", "jobs", ""},
      {kBatchJob, "batch/v1", "jobs.batch", ""},
      {"PyTorchJob", "kubeflow.org/v1", "pytorchjobs", ""},
      {"TFJob", "kubeflow.org/v1", "tfjobs", ""},
      {"MPIJob", "kubeflow.org/v2beta1", "mpijobs", ""},
      {"XGBoostJob", "kubeflow.org/v1", "xgboostjobs", ""},
      {"JAXJob", "kubeflow.org/v1", "jaxjobs", ""},
      {"PaddleJob", "kubeflow.org/v1", "paddlejobs", ""},
      {"TrainJob", "trainer.kubeflow.org/v1alpha1", "trainjobs", ""}};
  return names;
}

bool IsJobKind(std::string_view kind) {
  return std::ranges::find(JobKindNames(), kind, &KindName::kind) != JobKindNames().end();
}

std::string AppliedKind(const TrainingJob& job) {
  const std::string kind = TextField(job.spec.source, "kind");
  return kind.empty() ? TrainingJob::kKind : kind;
}

std::string AppliedApiVersion(const TrainingJob& job) {
  const std::string version = TextField(job.spec.source, "apiVersion");
  return version.empty() ? TrainingJob::kApiVersion : version;
}

ObjectKey AppliedKey(const Object& object) {
  ObjectKey key = KeyOf(object);
  if (const auto* job = std::get_if<TrainingJob>(&object)) key.kind = AppliedKind(*job);
  return key;
}

bool IsOfKind(const TrainingJob& job, std::string_view kind) {
  if (kind == TrainingJob::kKind || kind == kAnyJob) return true;
  const std::string applied = AppliedKind(job);
  return kind == kBatchJob ? applied == "Job" : applied == kind;
}

}  // namespace lockstep
