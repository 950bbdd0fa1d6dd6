#include "operators/reconcile/trial_state.h"

#include "operators/reconcile/conditions.h"

namespace lockstep {

TrialState StateOf(const Trial& trial) {
  static constexpr struct {
    const char* type;
    TrialState state;
  } kOrder[] = {
      {kKilled, TrialState::kKilled},       {kFailed, TrialState::kFailed},
      {kSucceeded, TrialState::kSucceeded}, {kEarlyStopped, TrialState::kEarlyStopped},
      {kRunning, TrialState::kRunning},     {kMetricsUnavailable, TrialState::kMetricsUnavailable},
  };
  for (const auto& [type, state] : kOrder)
    if (IsTrue(trial.status.conditions, type)) return state;
  return TrialState::kPending;
}

}  // namespace lockstep
