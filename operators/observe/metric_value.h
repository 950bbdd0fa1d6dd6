// The number that a metric's text stands for. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace lockstep {

// What Go's strconv.ParseFloat reads (decimal, hexadecimal with exponent, underscores between
// digits), which Katib compares by; nullopt where it reads none, and for infinity and NaN.
std::optional<double> ParseMetricValue(std::string_view text);

}  // namespace lockstep
