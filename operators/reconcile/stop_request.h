// A request to stop a TrainingJob for good, its logs kept: an annotation, because what is wanted
// belongs beside the spec and only the job's own reconciler writes its status.
#pragma once

#include "operators/api/training_job.h"

namespace lockstep {

// Its value says why, for people.
inline constexpr char kStopAnnotation[] = "lockstep.dev/stop";
// Beside it when the trial's early-stopping rules asked for the stop.
inline constexpr char kEarlyStopAnnotation[] = "lockstep.dev/early-stop";
// Reason of the Failed condition of a job that was stopped so.
inline constexpr char kTrainingJobStopped[] = "TrainingJobStopped";

inline bool StopRequested(const TrainingJob& job) {
  return job.meta.annotations.contains(kStopAnnotation);
}

}  // namespace lockstep
