// Conditions of an object's status. Pure. Types and reasons are Katib's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/meta.h"
#include "runtime/base/clock.h"

namespace lockstep {

// Types.
namespace condition {
inline constexpr char kCreated[] = "Created";
inline constexpr char kRunning[] = "Running";
inline constexpr char kRestarting[] = "Restarting";
inline constexpr char kSuspended[] = "Suspended";
inline constexpr char kSucceeded[] = "Succeeded";
inline constexpr char kFailed[] = "Failed";
inline constexpr char kKilled[] = "Killed";                          // Trial
inline constexpr char kEarlyStopped[] = "EarlyStopped";              // Trial
inline constexpr char kMetricsUnavailable[] = "MetricsUnavailable";  // Trial
inline constexpr char kExhausted[] = "Exhausted";  // Suggestion: no point is left to propose
}  // namespace condition

// Reasons that one reconciler reads of another's object.
namespace reason {
// Of a TrainingJob that waits for a ConfigMap; Kubernetes' word for a pod that does.
inline constexpr char kCreateContainerConfigError[] = "CreateContainerConfigError";
// Failed, of a TrainingJob: for what status.firstFailure says; and when that might have been tried
// again, but was as often as maxRestarts allows (not when it allows none).
inline constexpr char kTrainingJobFailed[] = "TrainingJobFailed";
inline constexpr char kTrainingJobBackoffLimitExceeded[] = "TrainingJobBackoffLimitExceeded";
// Suspended (False) of a TrainingJob whose group is being stopped; Suspended (True) and Running
// (False) of one that rests; Suspended (False) of one that goes on; Restarting, and Running
// (False), of one that is started again.
inline constexpr char kTrainingJobSuspending[] = "TrainingJobSuspending";
inline constexpr char kTrainingJobSuspended[] = "TrainingJobSuspended";
inline constexpr char kTrainingJobResumed[] = "TrainingJobResumed";
inline constexpr char kTrainingJobRestarting[] = "TrainingJobRestarting";
// Of a TrainingJob that waits for GPUs, CPUs or memory of this machine.
inline constexpr char kQueued[] = "Queued";
// Failed, of a TrainingJob that was stopped by kStopAnnotation (operators/api/intent.h).
inline constexpr char kTrainingJobStopped[] = "TrainingJobStopped";
// Succeeded or Failed, of an Experiment whose kDeadlineAnnotation has passed.
inline constexpr char kExperimentDeadlineExceeded[] = "ExperimentDeadlineExceeded";
// Failed, of a TrainingJob that ran past kDeadlineAnnotation.
inline constexpr char kTrainingJobDeadlineExceeded[] = "TrainingJobDeadlineExceeded";
}  // namespace reason

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type);
bool IsTrue(const std::vector<Condition>& conditions, std::string_view type);
// One of Succeeded, Failed, Killed, EarlyStopped, MetricsUnavailable is True.
bool HasEnded(const std::vector<Condition>& conditions);

// Sets the condition of `type` to True, or to False. The same status and reason again changes
// nothing, so that a reconciler that finds nothing new writes nothing; lastTransitionTime stays
// while the status stays.
void SetTrue(std::vector<Condition>& conditions, std::string_view type, std::string_view reason,
             std::string_view message, WallTime now);
void SetFalse(std::vector<Condition>& conditions, std::string_view type, std::string_view reason,
              std::string_view message, WallTime now);

// The one terminal condition; Running and Suspended, if they were True, become False.
// REQUIRES: not HasEnded(conditions)
void SetEnded(std::vector<Condition>& conditions, std::string_view type, std::string_view reason,
              std::string_view message, WallTime now);

void RemoveCondition(std::vector<Condition>& conditions, std::string_view type);

}  // namespace lockstep
