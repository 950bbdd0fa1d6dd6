// The instant that a number of seconds since the Unix epoch stands for. Pure.
#pragma once

#include <optional>

#include "operators/observe/row_time.h"

namespace lockstep {

// To the nanosecond, digit by digit of the shortest decimal that reads back as `seconds`; nullopt
// where RFC 3339 has no such year, and for infinity and NaN.
std::optional<RowTime> TimeOfEpochSeconds(double seconds);

// As Katib v0.19.0 reads it (file-metricscollector.go, parseTimestamp): the digits of the fraction,
// read as one whole number, are nanoseconds, so that 1.5 is 5 ns after 1. nullopt where it gives
// up: more than 64 bits.
std::optional<RowTime> KatibTimeOfEpochSeconds(double seconds);

}  // namespace lockstep
