// How a TrainingJob is suspended and resumed. Pure.
//
// Suspending is written down before the group is asked to stop: a generation that ends as "stopped"
// then costs no restart, also when the operator was killed, or the wish was withdrawn, in between.
// The next start is the next generation; that it goes on is written down before it starts.
#pragma once

#include <cstdint>

#include "operators/api/training_job.h"
#include "runtime/base/clock.h"

namespace lockstep {

// What a TrainingJob that has not ended does next, by what is wanted of it.
enum class JobCourse : std::uint8_t {
  kRun,
  kSuspend,   // stop the group, its place kept
  kRest,      // suspended already
  kStop,      // for good: kStopAnnotation
  kStopLate,  // for good: one of its deadlines (deadline.h) has passed
};
// spec.suspend and kSuspendAnnotation both suspend it. No time passes for a job that rests.
JobCourse CourseOf(const TrainingJob& job, WallTime now);

bool IsSuspended(const TrainingJobStatus& status);
bool IsSuspending(const TrainingJobStatus& status);

void BeginSuspending(TrainingJobStatus& status, WallTime now);
// Nothing of it runs any more. `started`: the generation had begun, so the next start is another.
void FinishSuspending(TrainingJobStatus& status, bool started, WallTime now);
// status.startTime is replaced once it has what it asks for of the machine, so that deadlines count
// anew: until then there is none. REQUIRES: IsSuspended
void Resume(TrainingJobStatus& status, WallTime now);

}  // namespace lockstep
