// Which ended jobs lose their job directories (logs and all), so that the state directory does not
// grow for ever. Pure. Objects and metrics stay.
//
// What a deleted job has left (`lockstep delete` without --logs) is kept by the same rule, for
// kJobTtl and never longer: what its annotations asked for went with it.
//
// A job that is retained (spec.trialTemplate.retain) keeps its directory for ever and counts for
// nothing here. Any other loses it when its time is over, and the ones that ended first lose it
// while all together are larger than the bound; never the one that ended last, so that there is
// something to read after each run.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "operators/api/meta.h"
#include "runtime/base/clock.h"

namespace lockstep {

inline constexpr std::chrono::hours kJobTtl{7 * 24};  // without kJobTtlAnnotation
inline constexpr std::uint64_t kJobsBytesMax = 10ULL * 1'000'000'000ULL;  // `--jobs-size-max`

struct EndedJob {
  ObjectKey key;
  std::string uid = {};  // a deleted job may have had the name of another
  WallTime ended;
  std::uint64_t bytes = 0;
  std::chrono::milliseconds ttl = kJobTtl;
  bool retain = false;
};

struct LogRemoval {
  ObjectKey key;
  std::string uid;
  std::string why;  // for people: "they were kept for 7d after the end of the job"
};

std::vector<LogRemoval> LogsToRemove(std::vector<EndedJob> jobs, WallTime now,
                                     std::uint64_t bytes_max);

}  // namespace lockstep
