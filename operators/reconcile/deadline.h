// How much time is left before a deadline. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "operators/api/training_job.h"
#include "runtime/base/clock.h"

namespace lockstep {

// From `now` until `deadline` after `start_time` (as FormatTime writes it), rounded up; zero: it
// has passed. nullopt: there is no deadline, or nothing has started.
std::optional<std::chrono::milliseconds> TimeLeft(
    const std::optional<std::chrono::milliseconds>& deadline, const std::string& start_time,
    WallTime now);

// Which of a TrainingJob's deadlines comes first: spec.activeDeadlineSeconds, or
// kDeadlineAnnotation. Both count from status.startTime, over all generations.
struct JobDeadline {
  std::chrono::milliseconds left;
  bool of_spec = false;
};
std::optional<JobDeadline> NearestDeadline(const TrainingJob& job, WallTime now);

// What is left of spec.activeDeadlineSeconds for the generation that starts now, in whole seconds,
// rounded up and at least one; nullopt: there is none.
std::optional<std::int64_t> ActiveSecondsLeft(const TrainingJob& job, WallTime now);

// Seconds of the API as a duration that can be added to any date: at most a century.
std::chrono::milliseconds ApiSeconds(std::int64_t seconds);

}  // namespace lockstep
