#include "operators/convert/job_object.h"

#include <algorithm>
#include <array>

#include "operators/api/encode_visitor.h"
#include "operators/api/object.h"
#include "operators/codec/text_field.h"
#include "operators/convert/kind_status.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 6> kKubeflowKinds = {"JAXJob",     "MPIJob", "PaddleJob",
                                                            "PyTorchJob", "TFJob",  "XGBoostJob"};

}  // namespace

std::int64_t FailedStarts(const TrainingJobStatus& status) {
  std::int64_t starts = 0;
  for (const RestartCount& restart : status.restarts) starts += restart.count;
  return starts;
}

bool RanIntoDeadline(const TrainingJobStatus& status) {
  return status.first_failure && status.first_failure->cause == "deadline";
}

const RoleStatus* FindRole(const TrainingJobStatus& status, std::string_view name) {
  const auto found = std::ranges::find(status.roles, name, &RoleStatus::name);
  return found == status.roles.end() ? nullptr : &*found;
}

Json JobObject(const Json& manifest, const TrainingJob& job) {
  const std::string api_version = TextField(manifest, "apiVersion");
  const std::string kind = TextField(manifest, "kind");
  Json status;
  if (api_version == "batch/v1" && kind == "Job") {
    status = BatchJobStatus(job);
  } else if (api_version.starts_with("kubeflow.org/") &&
             std::ranges::find(kKubeflowKinds, kind) != kKubeflowKinds.end()) {
    status = KubeflowJobStatus(kind, api_version == "kubeflow.org/v2beta1", job);
  } else if (api_version.starts_with("trainer.kubeflow.org/") && kind == "TrainJob") {
    status = TrainJobStatus(job);
  } else {
    return EncodeObject(job);
  }
  Json object = manifest;
  const Json metadata = EncodeValue(job.meta);
  for (const auto& [name, value] : metadata.items()) object["metadata"][name] = value;
  object["status"] = std::move(status);
  return object;
}

}  // namespace lockstep
