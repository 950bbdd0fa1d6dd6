#include "operators/reconcile/deadline.h"

#include <algorithm>

#include "operators/observe/row_time.h"

namespace lockstep {

std::optional<std::chrono::milliseconds> TimeLeft(
    const std::optional<std::chrono::milliseconds>& deadline, const std::string& start_time,
    WallTime now) {
  if (!deadline) return std::nullopt;
  const std::optional<RowTime> start = ParseRowTime(start_time);
  if (!start) return std::nullopt;
  const WallTime end = WallTime(std::chrono::seconds(start->seconds)) +
                       std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::nanoseconds(start->nanoseconds)) +
                       *deadline;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace lockstep
