// When an Experiment ends, and when an ended one goes on. Pure.
#pragma once

#include <optional>
#include <string>

#include "operators/api/experiment.h"
#include "operators/api/suggestion.h"
#include "runtime/base/clock.h"

namespace lockstep {

struct ExperimentEnd {
  bool succeeded = false;
  std::string reason;
  std::string message;
};

// `status` with its counts and best trial as they are now; `suggestion` null before there is one.
// In Katib's order: goal reached, too many failed, all trials run; then, ours: the search failed,
// or has no point left and every trial has finished.
std::optional<ExperimentEnd> DecideEnd(const ExperimentSpec& spec, const ExperimentStatus& status,
                                       const Suggestion* suggestion);

// What its user wants of it, whatever its trials have done. Cancelled: Failed. Out of time (from
// status.startTime on, suspended or not): as a study that was given a time ends, Succeeded with
// what was found; Failed when no trial has succeeded.
std::optional<ExperimentEnd> DecideCancelled(const ObjectMeta& meta);
std::optional<ExperimentEnd> DecideLate(const ObjectMeta& meta, const ExperimentStatus& status,
                                        WallTime now);

// Ended because all its trials were run, may be resumed, and has more trials to run now.
bool Restarts(const ExperimentSpec& spec, const ExperimentStatus& status);
// Katib's rule for the policy and the reason alone.
bool MayRestart(const ExperimentSpec& spec, const ExperimentStatus& status);

}  // namespace lockstep
