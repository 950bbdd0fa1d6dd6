// How much time is left before a deadline. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "runtime/base/clock.h"

namespace lockstep {

// From `now` until `deadline` after `start_time` (as FormatTime writes it), rounded up; zero: it
// has passed. nullopt: there is no deadline, or nothing has started.
std::optional<std::chrono::milliseconds> TimeLeft(
    const std::optional<std::chrono::milliseconds>& deadline, const std::string& start_time,
    WallTime now);

}  // namespace lockstep
