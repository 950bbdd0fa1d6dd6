// A metric line: how a rank tells the world what it measured, on stdout or in a file.
//
//   2026-11-22T06:30:00.123456Z epoch=3 loss=0.2183 accuracy=0.914
//
// An RFC 3339 time in UTC with microseconds, then name=value pairs, one space between. Katib's
// default filter finds every pair. Names are [A-Za-z0-9_|-]+, the ones that filter can match.
// Values are the shortest decimal text that reads back as the same double, whole numbers below
// 10^18 without an exponent; nan, inf and -inf are spelled so.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"

namespace lockstep {

struct MetricLine {
  WallTime time;
  std::vector<std::pair<std::string, double>> values;  // in the order they were reported
};

// Without a line feed. InvalidArgument: no values, or a name the default filter cannot match.
Result<std::string> FormatMetricLine(const MetricLine& line);
// The inverse: ParseMetricLine(FormatMetricLine(x)) == x. InvalidArgument names the first wrong
// column.
Result<MetricLine> ParseMetricLine(std::string_view text);

// "2026-11-22T06:30:00.123456Z". REQUIRES: a year from 0000 to 9999.
std::string FormatTime(WallTime time);
// RFC 3339 with any offset and up to nine digits of fraction (truncated to microseconds).
Result<WallTime> ParseTime(std::string_view text);

}  // namespace lockstep
