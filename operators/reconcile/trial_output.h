// What a trial has reported since the last time, from all sources of its collector; and, when it
// has ended, what is to be said of them.
#pragma once

#include <string>

#include "operators/api/training_job.h"
#include "operators/api/trial.h"
#include "operators/backend/job_backend.h"
#include "operators/observe/observation_store.h"

namespace lockstep {

struct NewOutput {
  bool rows = false;  // some were stored
  bool more = false;  // there is more to read at once: one call reads a bounded amount
};

// `job_ended`: nothing is written any more, so that everything is read to its end.
Result<NewOutput> ReadTrialOutput(const Trial& trial, const TrainingJob& job, bool job_ended,
                                  JobBackend& backend, ObservationStore& observations);

// What of the output should have been metrics and could not be read, to follow a trial's message:
// "; the file /katib/m.json of rank 0 has 2 bad lines, the first of them, line 3, is no object".
// "" when there is none.
Result<std::string> BadOutput(const Trial& trial, const TrainingJob& job, JobBackend& backend,
                              const ObservationStore& observations);

// Why a trial whose job succeeded has no objective: what was looked at, what is to be done, and the
// last lines that its primary rank printed.
Result<std::string> WhyNoMetrics(const Trial& trial, const TrainingJob& job, JobBackend& backend);

}  // namespace lockstep
