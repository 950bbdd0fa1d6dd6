// The status of a TrainingJob on its way: what is written when its group runs, is started again, or
// has ended. Pure.
//
// The conditions say what is now: Restarting is there only until the ranks run again, or the job
// has ended; of Succeeded and Failed there is one, written once.
#pragma once

#include <string>

#include "operators/api/training_job.h"
#include "operators/backend/job_backend.h"
#include "runtime/base/clock.h"

namespace lockstep {

void ShowCreated(TrainingJobStatus& status, WallTime now);
// active and roles, as the backend sees them. Where it does not tell the roles apart, they are what
// the phase and the success policy of `spec` leave no doubt about. Ranks of a role that only lends
// its hosts are active while the job runs.
void ShowRanks(const TrainingJobSpec& spec, const JobObservation& observed,
               TrainingJobStatus& status);
void ShowNoRank(TrainingJobStatus& status);  // active, of the job and its roles
// Running: False, Queued: it waits for others to end.
bool IsQueued(const TrainingJobStatus& status);
void LeaveQueue(TrainingJobStatus& status);  // it waits no more, or never did
void ShowRunning(TrainingJobStatus& status, WallTime now);
// The next generation.
void ShowRestart(TrainingJobStatus& status, const FirstFailure& failure, WallTime now);
// `type`: kSucceeded or kFailed. REQUIRES: it has not ended
void ShowEnd(TrainingJobStatus& status, const char* type, const char* reason,
             const std::string& message, WallTime now);

}  // namespace lockstep
