// Whether the operator is needed: the decision to leave. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

// No Experiment, Trial or TrainingJob is unfinished or being deleted; those that are suspended wait
// for a user, not for the operator. A store that cannot be read is not idle.
bool NothingToDo(const Store& store);

// Watches how long there has been nothing to do and nobody connected.
class IdleTimer {
 public:
  explicit IdleTimer(std::chrono::milliseconds timeout) : timeout_(timeout) {}
  // True: that long enough, and this is the moment to leave.
  bool Look(bool idle, MonotonicTime now);
  // Until that may be; nullopt: it was not idle when it was looked at last.
  std::optional<std::chrono::milliseconds> Left(MonotonicTime now) const;

 private:
  const std::chrono::milliseconds timeout_;
  std::optional<MonotonicTime> since_;
};

}  // namespace lockstep
