// Durations as people write them: "30s", "1h30m", "250ms", "7d", "0".
#pragma once

#include <chrono>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

// InvalidArgument: no duration, or more than ten years.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace lockstep
