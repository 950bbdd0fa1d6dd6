#include "operators/reconcile/trial_state.h"

#include "operators/api/conditions.h"

namespace lockstep {

TrialState StateOf(const Trial& trial) {
  static constexpr struct {
    const char* type;
    TrialState state;
  } kOrder[] = {
      {condition::kKilled, TrialState::kKilled},
      {condition::kFailed, TrialState::kFailed},
      {condition::kSucceeded, TrialState::kSucceeded},
      {condition::kEarlyStopped, TrialState::kEarlyStopped},
      {condition::kRunning, TrialState::kRunning},
      {condition::kMetricsUnavailable, TrialState::kMetricsUnavailable},
  };
  for (const auto& [type, state] : kOrder)
    if (IsTrue(trial.status.conditions, type)) return state;
  return TrialState::kPending;
}

}  // namespace lockstep
