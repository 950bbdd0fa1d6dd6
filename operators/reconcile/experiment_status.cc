#include "operators/reconcile/experiment_status.h"

#include <optional>

#include "operators/api/conditions.h"
#include "operators/observe/summarize.h"
#include "operators/reconcile/trial_state.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

std::vector<std::string>& ListOf(TrialState state, ExperimentStatus& status) {
  switch (state) {
    case TrialState::kKilled: return status.killed_trial_list;
    case TrialState::kFailed: return status.failed_trial_list;
    case TrialState::kSucceeded: return status.succeeded_trial_list;
    case TrialState::kEarlyStopped: return status.early_stopped_trial_list;
    case TrialState::kRunning: return status.running_trial_list;
    case TrialState::kMetricsUnavailable: return status.metrics_unavailable_trial_list;
    case TrialState::kPending: break;
  }
  return status.pending_trial_list;
}

void CountTrials(const std::vector<const Trial*>& trials, ExperimentStatus& status) {
  for (auto* list :
       {&status.killed_trial_list, &status.failed_trial_list, &status.succeeded_trial_list,
        &status.early_stopped_trial_list, &status.running_trial_list, &status.pending_trial_list,
        &status.metrics_unavailable_trial_list})
    list->clear();
  for (const Trial* trial : trials) ListOf(StateOf(*trial), status).push_back(trial->meta.name);
  const auto size = [](const auto& list) { return static_cast<std::int32_t>(list.size()); };
  status.trials = size(trials);
  status.trials_pending = size(status.pending_trial_list);
  status.trials_running = size(status.running_trial_list);
  status.trials_succeeded = size(status.succeeded_trial_list);
  status.trials_failed = size(status.failed_trial_list);
  status.trials_killed = size(status.killed_trial_list);
  status.trials_early_stopped = size(status.early_stopped_trial_list);
  status.trial_metrics_unavailable = size(status.metrics_unavailable_trial_list);
}

const Trial* BestTrial(const ObjectiveSpec& objective, const std::vector<const Trial*>& trials) {
  const Trial* best = nullptr;
  double best_value = 0;
  for (const Trial* trial : trials) {
    const TrialState state = StateOf(*trial);
    if (state != TrialState::kSucceeded && state != TrialState::kEarlyStopped) continue;
    const std::optional<double> value = ObjectiveValue(objective, trial->status.observation);
    if (!value) continue;
    const bool better = objective.type == "maximize" ? *value > best_value : *value < best_value;
    if (best != nullptr && !better) continue;
    best = trial;
    best_value = *value;
  }
  return best;
}

}  // namespace

void SummarizeTrials(const ExperimentSpec& spec, const std::vector<const Trial*>& trials,
                     ExperimentStatus& status) {
  CountTrials(trials, status);
  if (!spec.objective) return;
  if (const Trial* best = BestTrial(*spec.objective, trials)) {
    status.current_optimal_trial = {.best_trial_name = best->meta.name,
                                    .parameter_assignments = best->spec.parameter_assignments,
                                    .observation = best->status.observation};
  }
}

void AdvanceExperiment(const ExperimentSpec& spec, const std::vector<const Trial*>& trials,
                       const Suggestion* suggestion, WallTime now, ExperimentStatus& status) {
  SummarizeTrials(spec, trials, status);
  if (HasEnded(status.conditions)) return;
  if (const std::optional<ExperimentEnd> end = DecideEnd(spec, status, suggestion)) {
    EndExperiment(*end, now, status);
  } else {
    RemoveCondition(status.conditions, condition::kRestarting);
    SetTrue(status.conditions, condition::kRunning, "ExperimentRunning", "Experiment is running",
            now);
  }
}

void EndExperiment(const ExperimentEnd& end, WallTime now, ExperimentStatus& status) {
  SetEnded(status.conditions, end.succeeded ? condition::kSucceeded : condition::kFailed,
           end.reason, end.message, now);
  status.completion_time = FormatTime(now);
}

int ActiveTrials(const ExperimentStatus& status) {
  return status.trials_pending + status.trials_running;
}

int FinishedTrials(const ExperimentStatus& status) { return status.trials - ActiveTrials(status); }

}  // namespace lockstep
