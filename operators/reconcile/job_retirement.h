// What becomes of a TrainingJob that has ended: its logs and, in time, the object. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "operators/api/training_job.h"
#include "runtime/base/clock.h"

namespace lockstep {

struct Retirement {
  std::optional<std::string> remove_logs;            // why, for people
  bool remove_job = false;                           // and all it left behind
  std::optional<std::chrono::milliseconds> look_in;  // to remove it then
};

// spec.ttlSecondsAfterFinished counts from status.completionTime. The job of a Trial stays with its
// Trial, whatever it says, and so do its logs: retention.h knows when nobody reads them any more.
// REQUIRES: HasEnded
Retirement Retire(const TrainingJob& job, WallTime now);

inline constexpr char kCleanAll[] = "its cleanPodPolicy is All";
// Its logs are to go when it has ended: cleanPodPolicy All.
bool WantsNoLogs(const TrainingJob& job);

}  // namespace lockstep
