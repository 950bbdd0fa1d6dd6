#include "operators/reconcile/success_policy.h"

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/observe/summarize.h"
#include "operators/reconcile/deadline.h"
#include "operators/reconcile/experiment_status.h"

namespace lockstep {
namespace {

constexpr char kMaxTrialsReached[] = "ExperimentMaxTrialsReached";

bool GoalReached(const ExperimentSpec& spec, const ExperimentStatus& status) {
  if (!spec.objective || !spec.objective->goal || !status.current_optimal_trial) return false;
  const std::optional<double> best =
      ObjectiveValue(*spec.objective, status.current_optimal_trial->observation);
  if (!best) return false;
  return spec.objective->type == "maximize" ? *best >= *spec.objective->goal
                                            : *best <= *spec.objective->goal;
}

}  // namespace

std::optional<ExperimentEnd> DecideEnd(const ExperimentSpec& spec, const ExperimentStatus& status,
                                       const Suggestion* suggestion) {
  if (GoalReached(spec, status)) {
    return ExperimentEnd{true, "ExperimentGoalReached",
                         "Experiment has succeeded because Objective goal has reached"};
  }
  const int failed = status.trials_failed + status.trial_metrics_unavailable;
  if (spec.max_failed_trial_count && failed > 0 && failed >= *spec.max_failed_trial_count) {
    return ExperimentEnd{false, "ExperimentFailed",
                         "Experiment has failed because max failed count has reached"};
  }
  if (spec.max_trial_count && FinishedTrials(status) >= *spec.max_trial_count) {
    return ExperimentEnd{true, kMaxTrialsReached,
                         "Experiment has succeeded because max trial count has reached"};
  }
  if (suggestion == nullptr) return std::nullopt;
  const std::vector<Condition>& search = suggestion->status.conditions;
  if (IsTrue(search, condition::kFailed)) {
    return ExperimentEnd{
        false, "ExperimentFailed",
        "Suggestion has failed: " + FindCondition(search, condition::kFailed)->message};
  }
  if (IsTrue(search, condition::kExhausted) && ActiveTrials(status) == 0 &&
      status.trials >= static_cast<int>(suggestion->status.suggestions.size())) {
    return ExperimentEnd{true, "ExperimentSuggestionEndReached",
                         "Experiment has succeeded because suggestion service has reached the end"};
  }
  return std::nullopt;
}

std::optional<ExperimentEnd> DecideCancelled(const ObjectMeta& meta) {
  const std::optional<std::string> why = CancelReason(meta);
  if (!why) return std::nullopt;
  return ExperimentEnd{false, "ExperimentCancelled", "Experiment was cancelled: " + *why};
}

std::optional<ExperimentEnd> DecideLate(const ObjectMeta& meta, const ExperimentStatus& status,
                                        WallTime now) {
  const auto left = TimeLeft(DeadlineOf(meta), status.start_time, now);
  if (!left || left->count() > 0) return std::nullopt;
  const std::string deadline = std::string(kDeadlineAnnotation) + " (" +
                               meta.annotations.at(kDeadlineAnnotation) + ") has passed";
  if (status.trials_succeeded > 0) {
    return ExperimentEnd{true, reason::kExperimentDeadlineExceeded,
                         "Experiment has succeeded because its deadline " + deadline + " after " +
                             std::to_string(status.trials_succeeded) + " trials succeeded"};
  }
  return ExperimentEnd{false, reason::kExperimentDeadlineExceeded,
                       "Experiment has failed because its deadline " + deadline +
                           " before a trial succeeded: give it more time, or smaller trials"};
}

bool MayRestart(const ExperimentSpec& spec, const ExperimentStatus& status) {
  const Condition* succeeded = FindCondition(status.conditions, condition::kSucceeded);
  return succeeded != nullptr && succeeded->status == "True" &&
         succeeded->reason == kMaxTrialsReached &&
         (spec.resume_policy == "LongRunning" || spec.resume_policy == "FromVolume");
}

bool Restarts(const ExperimentSpec& spec, const ExperimentStatus& status) {
  return MayRestart(spec, status) &&
         (!spec.max_trial_count || *spec.max_trial_count > FinishedTrials(status));
}

}  // namespace lockstep
