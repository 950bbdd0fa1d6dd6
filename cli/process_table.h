// ProcessTable: the processes of jobs that run on this machine, and what they use. Linux: reads
// /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

struct ProcessStat {
  char state = '?';
  std::uint64_t cpu_ticks = 0;     // in user and kernel mode, since its start
  std::uint64_t start_ticks = 0;   // since boot: with the pid it names a process for good
  std::uint64_t memory_pages = 0;  // resident

  friend bool operator==(const ProcessStat&, const ProcessStat&) = default;
};
// Of a /proc/PID/stat. nullopt: it is none. Pure.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

// A process of a rank: everything that the rank has started carries the rank's environment.
struct RankProcess {
  pid_t pid = 0;
  std::string job_dir;  // of one generation
  int rank = 0;
  ProcessStat stat;
};
// Job directory and rank of an environment as /proc/PID/environ has it. nullopt: it is of no rank.
// Pure.
std::optional<std::pair<std::string, int>> ParseRankEnvironment(std::string_view text);

struct ProcessSnapshot {
  std::chrono::steady_clock::time_point taken;
  std::vector<RankProcess> processes;  // zombies are left out: they use nothing
};
// `proc_dir`: "/proc". What cannot be read is somebody else's, or gone.
ProcessSnapshot TakeProcessSnapshot(const std::string& proc_dir);

struct Usage {
  int processes = 0;
  double cpu = 0;                  // 1: a core
  std::uint64_t memory_bytes = 0;  // what processes share counts for each of them

  Usage& operator+=(const Usage& other);
};
// By job directory and rank, as of `after`; of a process that is new since `before` the time since
// its start is not known, so that it counts from 0. Pure.
using RankUsage = std::map<std::pair<std::string, int>, Usage>;
RankUsage UsageBetween(const ProcessSnapshot& before, const ProcessSnapshot& after,
                       std::uint64_t ticks_per_second, std::uint64_t page_bytes);

// This machine.
struct MachineUsage {
  std::uint64_t busy_ticks = 0;  // of all cores, since boot
  std::uint64_t all_ticks = 0;
  double load = 0;  // processes that want a core, over the last minute
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_available_bytes = 0;
};
// Of /proc/stat, /proc/loadavg and /proc/meminfo. Pure. What is not there stays 0.
MachineUsage ParseMachineUsage(std::string_view stat, std::string_view loadavg,
                               std::string_view meminfo);
MachineUsage ReadMachineUsage(const std::string& proc_dir);

}  // namespace lockstep
