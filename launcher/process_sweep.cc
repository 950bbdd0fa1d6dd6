#include "launcher/process_sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "launcher/rank_env.h"
#include "launcher/unique_fd.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string ReadProc(pid_t pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 16384> buffer;
  for (ssize_t n; (n = read(fd.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

struct ProcessStat {
  char state;
  pid_t parent;
  pid_t group;
  std::uint64_t start_ticks;
};

// proc(5): "pid (comm) state ppid pgrp ... starttime", where comm may hold anything, so what counts
// begins after the last ')'.
std::optional<ProcessStat> ReadStat(pid_t pid) {
  const std::string text = ReadProc(pid, "stat");
  const std::size_t comm_end = text.rfind(')');
  if (comm_end == text.npos || comm_end + 2 >= text.size()) return std::nullopt;
  ProcessStat stat{};
  stat.state = text[comm_end + 2];
  const char* at = text.c_str() + comm_end + 3;
  for (int field = 4; field <= 22; ++field) {
    char* end = nullptr;
    const auto value = std::strtoll(at, &end, 10);
    if (end == at) return std::nullopt;
    at = end;
    if (field == 4) stat.parent = static_cast<pid_t>(value);
    if (field == 5) stat.group = static_cast<pid_t>(value);
    if (field == 22) stat.start_ticks = static_cast<std::uint64_t>(value);
  }
  return stat;
}

bool CarriesTag(pid_t pid, std::string_view tag) {
  const std::string environment = ReadProc(pid, "environ");
  std::string_view rest = environment;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const std::string_view name(kJobTagVariable);
    if (!entry.starts_with(name) || entry.substr(name.size(), 1) != "=") continue;
    // Tags are of one length, so that one is never part of another.
    if (entry.find(tag, name.size() + 1) != entry.npos) return true;
  }
  return false;
}

bool Belongs(pid_t pid, const SweepTarget& target) {
  if (target.spare.contains(pid)) return false;
  const std::optional<ProcessStat> stat = ReadStat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return false;
  if (stat->start_ticks < target.since) return false;
  return target.groups.contains(stat->group) ||
         (target.parent != 0 && stat->parent == target.parent) || CarriesTag(pid, target.tag);
}

UniqueFd OpenPid(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

// Through a descriptor and after a second look, so that a number that the kernel has given to
// somebody else in between is never hit.
UniqueFd KillIfStillOurs(pid_t pid, const SweepTarget& target) {
  UniqueFd process = OpenPid(pid);
  if (process.valid() && Belongs(pid, target)) {
    syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
  }
  return process;
}

}  // namespace

std::uint64_t StartTicks(pid_t pid) {
  const std::optional<ProcessStat> stat = ReadStat(pid);
  return stat ? stat->start_ticks : 0;
}

std::vector<pid_t> FindProcesses(const SweepTarget& target) {
  std::vector<pid_t> found;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return found;
  while (const dirent* entry = readdir(proc)) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid > 0 && pid != getpid() && Belongs(pid, target)) found.push_back(pid);
  }
  closedir(proc);
  return found;
}

std::vector<pid_t> SweepProcesses(const SweepTarget& target, milliseconds bound) {
  const auto end = steady_clock::now() + bound;
  // A process that forks while we read the table can be missed by one look; its child is seen by
  // the next.
  for (int empty_looks = 0; empty_looks < 2;) {
    const std::vector<pid_t> found = FindProcesses(target);
    empty_looks = found.empty() ? empty_looks + 1 : 0;
    std::vector<UniqueFd> killed;
    for (const pid_t pid : found) killed.push_back(KillIfStillOurs(pid, target));
    for (const UniqueFd& process : killed) {
      const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
      if (left.count() <= 0) return FindProcesses(target);
      pollfd exit{process.get(), POLLIN, 0};
      poll(&exit, 1, static_cast<int>(left.count()));
    }
  }
  return {};
}

}  // namespace lockstep
