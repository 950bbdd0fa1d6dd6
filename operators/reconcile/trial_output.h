// Reads what a trial's rank 0 has printed since the last time, and keeps the metrics in it.
//
// The read position is kept with the rows, in one commit, so that an operator killed at any moment
// loses no row and stores none twice. It counts generation and offset: each start of the group has
// a log of its own.
#pragma once

#include <cstdint>

#include "operators/api/training_job.h"
#include "operators/api/trial.h"
#include "operators/backend/job_backend.h"
#include "operators/observe/observation_store.h"

namespace lockstep {

struct LogPosition {
  int generation = 0;
  std::uint64_t offset = 0;  // < 2^48

  // As ObservationStore keeps it.
  std::uint64_t Pack() const { return static_cast<std::uint64_t>(generation) << 48 | offset; }
  static LogPosition Unpack(std::uint64_t position) {
    return {static_cast<int>(position >> 48), position & ((std::uint64_t{1} << 48) - 1)};
  }
};

struct NewOutput {
  bool rows = false;  // some were stored
  bool more = false;  // there is more to read at once: one call reads a bounded amount
};

// `job_ended`: the last line counts without a line feed too.
Result<NewOutput> ReadTrialOutput(const Trial& trial, const TrainingJob& job, bool job_ended,
                                  JobBackend& backend, ObservationStore& observations);

}  // namespace lockstep
