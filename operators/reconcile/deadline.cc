#include "operators/reconcile/deadline.h"

#include <algorithm>

#include "operators/api/intent.h"
#include "operators/observe/row_time.h"

namespace lockstep {
namespace {

constexpr std::chrono::seconds kForever = std::chrono::hours(24) * 365 * 100;

std::optional<std::chrono::milliseconds> SpecTimeLeft(const TrainingJob& job, WallTime now) {
  if (!job.spec.active_deadline_seconds) return std::nullopt;
  return TimeLeft(ApiSeconds(*job.spec.active_deadline_seconds), job.status.start_time, now);
}

}  // namespace

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

std::optional<JobDeadline> NearestDeadline(const TrainingJob& job, WallTime now) {
  const auto active = SpecTimeLeft(job, now);
  const auto wished = TimeLeft(DeadlineOf(job.meta), job.status.start_time, now);
  if (active && (!wished || *active <= *wished)) return JobDeadline{*active, true};
  if (wished) return JobDeadline{*wished, false};
  return std::nullopt;
}

std::optional<std::int64_t> ActiveSecondsLeft(const TrainingJob& job, WallTime now) {
  const auto left = SpecTimeLeft(job, now);
  if (!left) return job.spec.active_deadline_seconds;  // it starts now
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(*left).count());
}

std::chrono::milliseconds ApiSeconds(std::int64_t seconds) {
  return std::chrono::seconds(std::min<std::int64_t>(seconds, kForever.count()));
}

}  // namespace lockstep
