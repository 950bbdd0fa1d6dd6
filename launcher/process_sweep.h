// Finds and ends what a job left in the process table: by the tag in its environment, by process
// group, and by parent. Linux: reads /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace lockstep {

struct SweepTarget {
  std::string tag;          // in LOCKSTEP_JOB_TAG, among others separated by ':'
  std::set<pid_t> groups;   // process groups
  pid_t parent = 0;         // its children too; 0: none's
  std::set<pid_t> spare;    // never these
  std::uint64_t since = 0;  // only processes started at or after this time (StartTicks)
};

// When a process was started, in the kernel's clock ticks since boot; 0 when there is none.
std::uint64_t StartTicks(pid_t pid);

// Whether this thread has children other than `spare`, zombies included. Whoever loses its parent
// becomes a child of the nearest subreaper, before that parent can be waited for; so a subreaper
// without children has no descendants at all. One read, where a sweep reads the whole process
// table. True as well when the kernel does not say (no CONFIG_PROC_CHILDREN).
bool HasChildrenBut(const std::set<pid_t>& spare);

// Zombies are not counted: they hold nothing.
std::vector<pid_t> FindProcesses(const SweepTarget& target);

// KILLs until two looks in a row find nothing, or `bound` is over. Returns what is left.
std::vector<pid_t> SweepProcesses(const SweepTarget& target, std::chrono::milliseconds bound);

}  // namespace lockstep
