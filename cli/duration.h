// Durations as people write them: "30s", "1h30m", "250ms", "0".
#pragma once

#include <chrono>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace lockstep
