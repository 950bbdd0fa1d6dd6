// The TrainingJob of a Trial. Pure.
#pragma once

#include "operators/api/training_job.h"
#include "operators/api/trial.h"
#include "runtime/base/status.h"

namespace lockstep {

// Of the Trial's name, owned by it. InvalidArgument: spec.runSpec cannot be run, and why.
Result<TrainingJob> TrialJob(const Trial& trial);

// One sentence and the last lines printed, for the Trial's condition.
std::string FailureText(const TrainingJob& job);

}  // namespace lockstep
