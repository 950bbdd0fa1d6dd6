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

constexpr milliseconds kExecBound{250};  // how long a process may be without an environment
constexpr int kLookAgainMs = 5;
constexpr pid_t kKernelThreads = 2;  // their parent; they have no environment

std::optional<std::string> ReadFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  std::string text;
  std::array<char, 16384> buffer;
  for (ssize_t n; (n = read(fd.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

std::optional<std::string> ReadProc(pid_t pid, const char* name) {
  return ReadFile("/proc/" + std::to_string(pid) + "/" + name);
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
  const std::string text = ReadProc(pid, "stat").value_or("");
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

enum class Belonging { kNo, kYes, kUnknown };

// kUnknown: no environment is to be seen. In the middle of exec there is none for a moment.
Belonging CarriesTag(pid_t pid, std::string_view tag) {
  const std::optional<std::string> environment = ReadProc(pid, "environ");
  if (!environment) return Belonging::kNo;  // somebody else's, or gone
  if (environment->empty()) return Belonging::kUnknown;
  std::string_view rest = *environment;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const std::string_view name(kJobTagVariable);
    if (!entry.starts_with(name) || entry.substr(name.size(), 1) != "=") continue;
    // Tags are of one length, so that one is never part of another.
    if (entry.find(tag, name.size() + 1) != entry.npos) return Belonging::kYes;
  }
  return Belonging::kNo;
}

Belonging Belongs(pid_t pid, const SweepTarget& target) {
  if (pid == getpid() || target.spare.contains(pid)) return Belonging::kNo;
  const std::optional<ProcessStat> stat = ReadStat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return Belonging::kNo;
  if (stat->start_ticks < target.since || stat->parent == kKernelThreads) return Belonging::kNo;
  if (target.groups.contains(stat->group)) return Belonging::kYes;
  if (target.parent != 0 && stat->parent == target.parent) return Belonging::kYes;
  return CarriesTag(pid, target.tag);
}

struct Look {
  std::vector<pid_t> found;
  bool unsure = false;  // of some process it cannot be said yet
};

Look LookAround(const SweepTarget& target) {
  Look look;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return look;
  while (const dirent* entry = readdir(proc)) {
    const pid_t pid = std::atoi(entry->d_name);
    const Belonging belonging = pid > 0 ? Belongs(pid, target) : Belonging::kNo;
    if (belonging == Belonging::kYes) look.found.push_back(pid);
    if (belonging == Belonging::kUnknown) look.unsure = true;
  }
  closedir(proc);
  return look;
}

UniqueFd OpenPid(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

// Through a descriptor and after a second look, so that a number that the kernel has given to
// somebody else in between is never hit. The descriptor when it was killed.
UniqueFd KillIfStillOurs(pid_t pid, const SweepTarget& target) {
  UniqueFd process = OpenPid(pid);
  if (!process.valid() || Belongs(pid, target) != Belonging::kYes) return {};
  syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
  return process;
}

}  // namespace

std::uint64_t StartTicks(pid_t pid) {
  const std::optional<ProcessStat> stat = ReadStat(pid);
  return stat ? stat->start_ticks : 0;
}

bool HasChildrenBut(const std::set<pid_t>& spare) {
  const std::optional<std::string> text = ReadFile("/proc/thread-self/children");
  if (!text) return true;
  const char* at = text->c_str();
  for (char* end = nullptr;; at = end) {
    const auto pid = static_cast<pid_t>(std::strtol(at, &end, 10));
    if (end == at) return false;
    if (!spare.contains(pid)) return true;
  }
}

std::vector<pid_t> FindProcesses(const SweepTarget& target) { return LookAround(target).found; }

std::vector<pid_t> SweepProcesses(const SweepTarget& target, milliseconds bound) {
  const auto end = steady_clock::now() + bound;
  auto sure_at = steady_clock::time_point::max();
  // A process that forks while we read the table can be missed by one look; its child is seen by
  // the next.
  for (int empty_looks = 0; empty_looks < 2;) {
    const Look look = LookAround(target);
    std::vector<UniqueFd> killed;
    for (const pid_t pid : look.found) killed.push_back(KillIfStillOurs(pid, target));
    for (const UniqueFd& process : killed) {
      const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
      if (left.count() <= 0) return FindProcesses(target);
      if (!process.valid()) continue;  // changed between two looks: the next will see it
      pollfd exit{process.get(), POLLIN, 0};
      poll(&exit, 1, static_cast<int>(left.count()));
    }
    if (!look.found.empty()) {
      empty_looks = 0;
      sure_at = steady_clock::time_point::max();
      if (steady_clock::now() >= end) return FindProcesses(target);
      continue;
    }
    // Some process may have no environment for good: it is nobody of ours after a while.
    const auto now = steady_clock::now();
    sure_at = std::min(sure_at, now + kExecBound);
    if (!look.unsure || now >= sure_at) {
      ++empty_looks;
    } else {
      poll(nullptr, 0, kLookAgainMs);
    }
  }
  return {};
}

}  // namespace lockstep
