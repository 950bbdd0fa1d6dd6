#include "operators/reconcile/search_history.h"

#include "operators/observe/metric_value.h"
#include "operators/observe/summarize.h"
#include "operators/reconcile/trial_state.h"

namespace lockstep {
namespace {

TrialOutcome OutcomeOf(const Trial& trial) {
  switch (StateOf(trial)) {
    case TrialState::kKilled:  // its value is not known, as if it had failed
    case TrialState::kFailed: return TrialOutcome::kFailed;
    case TrialState::kSucceeded: return TrialOutcome::kSucceeded;
    case TrialState::kEarlyStopped: return TrialOutcome::kEarlyStopped;
    case TrialState::kMetricsUnavailable: return TrialOutcome::kMetricsUnavailable;
    case TrialState::kRunning:
    case TrialState::kPending: break;
  }
  return TrialOutcome::kPending;
}

}  // namespace

std::vector<HistoryEntry> SearchHistory(const ObjectiveSpec& objective,
                                        const GrowingList<TrialAssignment>& suggestions,
                                        const std::map<std::string, const Trial*>& trials) {
  std::vector<HistoryEntry> history;
  for (const TrialAssignment& suggestion : suggestions) {
    HistoryEntry entry;
    entry.assignments = suggestion.parameter_assignments;
    entry.labels = suggestion.labels;
    const auto trial = trials.find(suggestion.name);
    if (trial != trials.end()) {
      const TrialStatus& status = trial->second->status;
      entry.outcome = OutcomeOf(*trial->second);
      const bool measured =
          entry.outcome == TrialOutcome::kSucceeded || entry.outcome == TrialOutcome::kEarlyStopped;
      const auto value = measured ? ObjectiveValue(objective, status.observation) : std::nullopt;
      if (value) entry.objectives = {*value};
      for (const CurvePoint& point : status.curve)
        if (const auto reported = ParseMetricValue(point.value))
          entry.curve.emplace_back(static_cast<int>(point.step), *reported);
    }
    history.push_back(std::move(entry));
  }
  return history;
}

}  // namespace lockstep
