#include "operators/reconcile/trial_wish.h"

#include "operators/api/conditions.h"
#include "operators/api/intent.h"

namespace lockstep {
namespace {

bool EndedByDeadline(const Experiment& experiment) {
  for (const char* type : {condition::kSucceeded, condition::kFailed}) {
    const Condition* ended = FindCondition(experiment.status.conditions, type);
    if (ended != nullptr && ended->reason == reason::kExperimentDeadlineExceeded) return true;
  }
  return false;
}

}  // namespace

TrialWish WishForTrial(const Trial& trial, const Experiment* experiment) {
  using enum TrialWish::Kind;
  if (const auto reason = CancelReason(trial.meta)) return {kStop, "cancelled: " + *reason};
  if (experiment == nullptr) return {};
  if (const auto reason = CancelReason(experiment->meta))
    return {kStop, "stopped because the Experiment was cancelled: " + *reason};
  if (HasEnded(experiment->status.conditions)) {
    if (EndedByDeadline(*experiment))
      return {kStop, "stopped because the Experiment's deadline has passed"};
    if (!WantsKeepRunning(experiment->meta))
      return {kStop, "stopped because the Experiment is done"};
  }
  if (WantsSuspend(experiment->meta)) return {kSuspend, ""};
  return {};
}

std::optional<Labels> WantedAnnotations(const Trial& trial, const TrainingJob& job,
                                        const TrialWish& wish,
                                        const std::optional<std::string>& early) {
  if (WantsStop(job.meta)) return std::nullopt;
  Labels wanted = job.meta.annotations;
  if (wish.kind == TrialWish::Kind::kStop) {
    wanted[kStopAnnotation] = wish.why;
  } else if (early) {
    wanted[kStopAnnotation] = "stopped early: " + *early;
    wanted[kEarlyStopAnnotation] = "true";
  } else if (wish.kind == TrialWish::Kind::kSuspend && !WantsSuspend(job.meta)) {
    wanted[kSuspendAnnotation] = kSuspendedByExperiment;
  }
  const auto suspended = wanted.find(kSuspendAnnotation);
  if (wish.kind == TrialWish::Kind::kRun && suspended != wanted.end() &&
      suspended->second == kSuspendedByExperiment) {
    wanted.erase(suspended);
  }
  if (const auto changed = trial.meta.annotations.find(kDeadlineAnnotation);
      changed != trial.meta.annotations.end()) {
    wanted[kDeadlineAnnotation] = changed->second;
  }
  if (wanted == job.meta.annotations) return std::nullopt;
  return wanted;
}

}  // namespace lockstep
