// The status of a job in the shape that the operator of its kind gives it. Pure. One file a family
// of kinds; job_object.h is what others use.
#pragma once

#include <string_view>

#include "operators/api/training_job.h"
#include "operators/codec/json.h"

namespace lockstep {

Json BatchJobStatus(const TrainingJob& job);

// kubeflow.org/v1 and MPIJob v2beta1. `kind`: "PyTorchJob".
Json KubeflowJobStatus(std::string_view kind, bool is_v2beta1, const TrainingJob& job);

Json TrainJobStatus(const TrainingJob& job);

// How often the group was started again because it had failed.
std::int64_t FailedStarts(const TrainingJobStatus& status);
bool RanIntoDeadline(const TrainingJobStatus& status);
const RoleStatus* FindRole(const TrainingJobStatus& status, std::string_view name);  // null: none

}  // namespace lockstep
