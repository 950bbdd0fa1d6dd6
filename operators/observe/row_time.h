// RowTime: the instant that a metric row's time stands for.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

inline constexpr char kNoTime[] = "0001-01-01T00:00:00Z";  // of a row whose line had no time

struct RowTime {
  std::int64_t seconds = 0;  // since the Unix epoch
  std::int64_t nanoseconds = 0;
  friend auto operator<=>(const RowTime&, const RowTime&) = default;
};

// RFC 3339 as Go's time.Parse takes it, which is what programs that Katib has collected from may
// print: one digit of hour, a comma before the fraction, offsets up to 24:60; no lower-case t and
// z, no second 60.
std::optional<RowTime> ParseRowTime(std::string_view text);

// In UTC, as Go's RFC3339Nano prints it: no more digits of the fraction than needed. Years beyond
// four digits are printed too, though nothing reads them. REQUIRES: 0 <= nanoseconds < 10^9.
std::string FormatRowTime(const RowTime& time);

}  // namespace lockstep
