// The TrainingJob of a Trial. Pure.
#pragma once

#include "operators/api/training_job.h"
#include "operators/api/trial.h"
#include "operators/convert/convert.h"
#include "runtime/base/status.h"

namespace lockstep {

// Of the Trial's name, owned by it. InvalidArgument: spec.runSpec cannot be run, and why.
// `runtimes`: for a TrainJob.
Result<TrainingJob> TrialJob(const Trial& trial, const RuntimeLookup& runtimes = {});

// What the end of the Trial's job means for the Trial, by its success and failure condition (empty:
// those of the kind of its job). A job that neither of them knows has failed: Katib would wait for
// ever. `message`, of a Trial that has not succeeded: why, and the last lines printed.
struct TrialVerdict {
  bool succeeded = false;
  std::string message;
};
// REQUIRES: the job has ended
TrialVerdict JudgeTrial(const Trial& trial, const TrainingJob& job);

}  // namespace lockstep
