// A job as the operator of its own kind would show it: for the conditions of its trial to look at,
// and for people who applied that kind. Pure.
#pragma once

#include "operators/api/training_job.h"
#include "operators/codec/json.h"

namespace lockstep {

// `manifest` is what `job` was converted from (spec.source, or runSpec of its trial). The manifest
// with the metadata of `job` and the status that the kind's operator would write, made of the
// conditions of `job` (docs/job-kinds.md has the table):
//
// batch/v1 Job: Complete, Failed and Suspended, startTime of one that is not suspended,
// completionTime of one that succeeded, and counts: active and ready are the ranks that run,
// succeeded all ranks once the job has, failed the starts of the group that failed; a count of 0 is
// left out. kubeflow.org kinds: Created, Running, Restarting, Suspended, Succeeded, Failed with the
// operator's reasons, replicaStatuses by type, startTime, completionTime. TrainJob: Suspended,
// Complete, Failed, jobsStatus. Any other: the TrainingJob itself.
Json JobObject(const Json& manifest, const TrainingJob& job);

}  // namespace lockstep
