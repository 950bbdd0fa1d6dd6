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

// The best so far, looked at one trial after the other.
class BestTrial {
 public:
  explicit BestTrial(const ObjectiveSpec& objective)
      : objective_(objective), maximize_(objective.type == "maximize") {}

  void Look(const Trial& trial, TrialState state) {
    if (state != TrialState::kSucceeded && state != TrialState::kEarlyStopped) return;
    const std::optional<double> value = ObjectiveValue(objective_, trial.status.observation);
    if (!value) return;
    if (trial_ != nullptr && !(maximize_ ? *value > value_ : *value < value_)) return;
    trial_ = &trial;
    value_ = *value;
  }
  const Trial* trial() const { return trial_; }

 private:
  const ObjectiveSpec& objective_;
  const bool maximize_;
  const Trial* trial_ = nullptr;
  double value_ = 0;
};

void CountTrials(ExperimentStatus& status) {
  const auto size = [](const auto& list) { return static_cast<std::int32_t>(list.size()); };
  status.trials_pending = size(status.pending_trial_list);
  status.trials_running = size(status.running_trial_list);
  status.trials_succeeded = size(status.succeeded_trial_list);
  status.trials_failed = size(status.failed_trial_list);
  status.trials_killed = size(status.killed_trial_list);
  status.trials_early_stopped = size(status.early_stopped_trial_list);
  status.trial_metrics_unavailable = size(status.metrics_unavailable_trial_list);
}

}  // namespace

void SummarizeTrials(const ExperimentSpec& spec, const std::vector<const Trial*>& trials,
                     ExperimentStatus& status) {
  for (auto* list :
       {&status.killed_trial_list, &status.failed_trial_list, &status.succeeded_trial_list,
        &status.early_stopped_trial_list, &status.running_trial_list, &status.pending_trial_list,
        &status.metrics_unavailable_trial_list})
    list->clear();
  std::optional<BestTrial> best;
  if (spec.objective) best.emplace(*spec.objective);
  for (const Trial* trial : trials) {
    const TrialState state = StateOf(*trial);
    ListOf(state, status).push_back(trial->meta.name);
    if (best) best->Look(*trial, state);
  }
  CountTrials(status);
  status.trials = static_cast<std::int32_t>(trials.size());
  if (best && best->trial() != nullptr) {
    const Trial& trial = *best->trial();
    status.current_optimal_trial = {.best_trial_name = trial.meta.name,
                                    .parameter_assignments = trial.spec.parameter_assignments,
                                    .observation = trial.status.observation};
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
