#include "operators/reconcile/job_status.h"

#include <algorithm>

#include "operators/api/conditions.h"
#include "operators/reconcile/restart_policy.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

// Of roles that the backend does not tell.
RoleStatus Derived(const TrainingJobSpec& spec, std::size_t index, const JobObservation& observed) {
  const JobRole& role = spec.roles[index];
  RoleStatus status{.name = role.name};
  switch (observed.phase) {
    case JobPhase::kRunning: status.active = role.replicas; break;
    case JobPhase::kSucceeded:
      if (spec.success_policy == "AllRanks" || spec.success_policy.empty() ||
          (spec.success_policy == "FirstRole" && index == 0)) {
        status.succeeded = role.replicas;
      } else if (spec.success_policy == "Rank0" && index == 0) {
        status.succeeded = 1;
      }
      break;
    case JobPhase::kFailed:
      status.failed = observed.first_failure && observed.first_failure->rank >= 0 &&
                              observed.first_failure->role == role.name
                          ? 1
                          : 0;
      break;
    case JobPhase::kNotFound:
    case JobPhase::kStarting: break;
  }
  return status;
}

}  // namespace

void ShowCreated(TrainingJobStatus& status, WallTime now) {
  SetTrue(status.conditions, condition::kCreated, "TrainingJobCreated", "TrainingJob is created",
          now);
}

void ShowRanks(const TrainingJobSpec& spec, const JobObservation& observed,
               TrainingJobStatus& status) {
  const bool runs = observed.phase == JobPhase::kRunning;
  status.active = runs ? observed.active : 0;
  status.roles.clear();
  for (std::size_t i = 0; i < spec.roles.size(); ++i) {
    const JobRole& role = spec.roles[i];
    const auto told = std::ranges::find(observed.roles, role.name, &RoleStatus::name);
    if (role.host_only) {
      status.roles.push_back({.name = role.name, .active = runs ? role.replicas : 0});
    } else if (told != observed.roles.end()) {
      status.roles.push_back(*told);
    } else {
      status.roles.push_back(Derived(spec, i, observed));
    }
  }
}

void ShowNoRank(TrainingJobStatus& status) {
  status.active = 0;
  for (RoleStatus& role : status.roles) role.active = 0;
}

bool IsQueued(const TrainingJobStatus& status) {
  const Condition* running = FindCondition(status.conditions, condition::kRunning);
  return running != nullptr && running->status == "False" && running->reason == reason::kQueued;
}

void LeaveQueue(TrainingJobStatus& status) {
  if (IsQueued(status)) RemoveCondition(status.conditions, condition::kRunning);
}

void ShowRunning(TrainingJobStatus& status, WallTime now) {
  RemoveCondition(status.conditions, condition::kRestarting);
  SetTrue(status.conditions, condition::kRunning, "TrainingJobRunning", "TrainingJob is running",
          now);
}

void ShowRestart(TrainingJobStatus& status, const FirstFailure& failure, WallTime now) {
  status.first_failure = failure;
  CountRestart(status.restarts, failure.cause);
  ++status.generation;
  for (RoleStatus& role : status.roles) role = {.name = role.name};
  status.active = 0;
  if (IsTrue(status.conditions, condition::kRunning)) {
    SetFalse(status.conditions, condition::kRunning, reason::kTrainingJobRestarting,
             failure.message, now);
  }
  // Anew: of a start that failed at once, too, the message is the last one's.
  RemoveCondition(status.conditions, condition::kRestarting);
  SetTrue(status.conditions, condition::kRestarting, reason::kTrainingJobRestarting,
          "start " + std::to_string(status.generation + 1) + ", because " + failure.message, now);
}

void ShowEnd(TrainingJobStatus& status, const char* type, const char* reason,
             const std::string& message, WallTime now) {
  ShowNoRank(status);
  LeaveQueue(status);
  RemoveCondition(status.conditions, condition::kRestarting);
  SetEnded(status.conditions, type, reason, message, now);
  status.completion_time = FormatTime(now);
}

}  // namespace lockstep
