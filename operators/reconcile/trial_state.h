// In which state a Trial is. Pure.
#pragma once

#include <cstdint>

#include "operators/api/trial.h"

namespace lockstep {

enum class TrialState : std::uint8_t {
  kKilled,
  kFailed,
  kSucceeded,
  kEarlyStopped,
  kRunning,
  kMetricsUnavailable,
  kPending
};

// The first of these states whose condition is True, in Katib's order.
TrialState StateOf(const Trial& trial);
inline bool IsActive(TrialState state) {
  return state == TrialState::kRunning || state == TrialState::kPending;
}

}  // namespace lockstep
