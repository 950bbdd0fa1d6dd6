// What a user wants of an object beside its spec, as annotations: Katib and Kubernetes ignore them,
// so that the same manifest still runs there. And what one reconciler wants of another's object,
// for only an object's own reconciler writes its status. Pure.
//
// | annotation                | on                            | value                             |
// | lockstep.dev/suspend      | Experiment, TrainingJob       | "true"                            |
// | lockstep.dev/cancel       | Experiment, Trial             | why, for people                   |
// | lockstep.dev/deadline     | Experiment (whole search),    | 30s, 90m, 1h30m, 2d; a number     |
// |                           | Trial, TrainingJob, trialSpec | counts seconds                    |
// | lockstep.dev/keep-running | Experiment                    | "true"                            |
// | lockstep.dev/compat       | Experiment                    | "katib"                           |
// | lockstep.dev/job-ttl      | Experiment, TrainingJob,      | as a deadline                     |
// |                           | Trial, trialSpec              |                                   |
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/api/meta.h"
#include "runtime/base/status.h"

namespace lockstep {

// No new trials and no new points; what runs is stopped with its grace period, and goes on as the
// next generation once the annotation is gone.
inline constexpr char kSuspendAnnotation[] = "lockstep.dev/suspend";
// For good: the Experiment fails (reason ExperimentCancelled), the Trial is Killed.
inline constexpr char kCancelAnnotation[] = "lockstep.dev/cancel";
// From status.startTime on.
inline constexpr char kDeadlineAnnotation[] = "lockstep.dev/deadline";
// Trials that run when the Experiment is done are left to finish, as Katib leaves them.
inline constexpr char kKeepRunningAnnotation[] = "lockstep.dev/keep-running";
// Katib's medianstop, slips included.
inline constexpr char kCompatAnnotation[] = "lockstep.dev/compat";
// How long the logs of an ended job are kept.
inline constexpr char kJobTtlAnnotation[] = "lockstep.dev/job-ttl";

// Of the operator's own, on a TrainingJob. Stop it for good, its logs kept; the value says why.
inline constexpr char kStopAnnotation[] = "lockstep.dev/stop";
// Beside it when the trial's early-stopping rules asked for the stop.
inline constexpr char kEarlyStopAnnotation[] = "lockstep.dev/early-stop";
// Never remove its logs: spec.trialTemplate.retain of its Experiment.
inline constexpr char kRetainAnnotation[] = "lockstep.dev/retain";
// Remove what an ended job left behind (its job directory, logs and all); the value says why.
inline constexpr char kRemoveLogsAnnotation[] = "lockstep.dev/remove-logs";
// On an Experiment: the uids of its Trials that were deleted, with blanks between them. Their
// metrics stay as long as it does.
inline constexpr char kDeletedTrialsAnnotation[] = "lockstep.dev/deleted-trials";
// Value of kSuspendAnnotation on the TrainingJob of a suspended Experiment: the Trial's reconciler
// sets and removes it, and leaves a user's "true" alone.
inline constexpr char kSuspendedByExperiment[] = "experiment";

// What an annotation says; one that is wrong (see CheckIntent) says nothing.
bool WantsSuspend(const ObjectMeta& meta);
bool WantsStop(const ObjectMeta& meta);
bool WantsKeepRunning(const ObjectMeta& meta);
bool WantsKatib(const ObjectMeta& meta);
bool WantsLogsRemoved(const ObjectMeta& meta);
bool WantsRetain(const ObjectMeta& meta);
std::optional<std::string> CancelReason(const ObjectMeta& meta);
std::optional<std::chrono::milliseconds> DeadlineOf(const ObjectMeta& meta);
std::optional<std::chrono::milliseconds> JobTtlOf(const ObjectMeta& meta);

// "30s", "1h30m", "250ms", "2d", or a number of seconds: more than zero, at most ten years.
Result<std::chrono::milliseconds> ParseIntentDuration(std::string_view text);

// What is wrong with the annotations of lockstep.dev/ on an object of `kind`, each with the next
// step: a value that says nothing, an annotation that has no effect there, a name that looks like a
// typo.
struct IntentError {
  std::string annotation;
  std::string message;
};
std::vector<IntentError> CheckIntent(std::string_view kind, const Labels& annotations);

}  // namespace lockstep
