#include "operators/reconcile/retention.h"

#include <algorithm>
#include <tuple>

namespace lockstep {
namespace {

std::string DurationText(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  const struct {
    std::int64_t milliseconds;
    const char* unit;
  } units[] = {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}};
  for (const auto& [milliseconds, unit] : units)
    if (count % milliseconds == 0) return std::to_string(count / milliseconds) + unit;
  return std::to_string(count) + "ms";
}

}  // namespace

std::vector<LogRemoval> LogsToRemove(std::vector<EndedJob> jobs, WallTime now,
                                     std::uint64_t bytes_max) {
  std::erase_if(jobs, [](const EndedJob& job) { return job.retain; });
  std::ranges::sort(jobs, {},
                    [](const EndedJob& job) { return std::tie(job.ended, job.key, job.uid); });
  std::uint64_t total = 0;
  for (const EndedJob& job : jobs) total += job.bytes;
  std::vector<LogRemoval> removals;
  for (const EndedJob& job : jobs) {
    if (now - job.ended >= job.ttl) {
      removals.push_back({job.key, job.uid,
                          "they are kept for " + DurationText(job.ttl) +
                              " after the job's end "
                              "(lockstep.dev/job-ttl; retain: true keeps them)"});
      total -= job.bytes;
    }
  }
  for (const EndedJob& job : jobs) {
    if (total <= bytes_max || &job == &jobs.back()) break;
    if (now - job.ended >= job.ttl) continue;
    removals.push_back({job.key, job.uid,
                        "those of all ended jobs were larger than " + std::to_string(bytes_max) +
                            " bytes, and this job ended first (lockstep operator "
                            "--jobs-size-max; retain: true keeps them)"});
    total -= job.bytes;
  }
  return removals;
}

}  // namespace lockstep
