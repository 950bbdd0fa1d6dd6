// Reads what a trial's rank 0 has printed since the last time, and keeps the metrics in it.
//
// The read position is kept with the rows, in one commit, so that an operator killed at any moment
// loses no row and stores none twice.
#pragma once

#include "operators/api/training_job.h"
#include "operators/api/trial.h"
#include "operators/backend/job_backend.h"
#include "operators/observe/observation_store.h"

namespace lockstep {

struct NewOutput {
  bool rows = false;  // some were stored
  bool more = false;  // there is more to read at once: one call reads a bounded amount
};

// `job_ended`: the last line counts without a line feed too.
Result<NewOutput> ReadTrialOutput(const Trial& trial, const TrainingJob& job, bool job_ended,
                                  JobBackend& backend, ObservationStore& observations);

}  // namespace lockstep
