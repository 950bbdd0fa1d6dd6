// The job of a trial as the operator of its own kind would show it, for the trial's conditions to
// look at. Pure.
#pragma once

#include "operators/api/training_job.h"
#include "operators/codec/json.h"

namespace lockstep {

// `manifest` is what `job` was converted from. batch/v1 Job: the manifest with the status that
// Kubernetes' job controller would write (Complete or Failed with its reasons, startTime,
// completionTime of a job that succeeded, and counts: active and ready are the ranks that run,
// succeeded all ranks once the job has, failed the starts of the group that failed; a count of 0
// is left out). TrainingJob: the job itself.
Json JobObject(const Json& manifest, const TrainingJob& job);

}  // namespace lockstep
