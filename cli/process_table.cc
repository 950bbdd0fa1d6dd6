#include "cli/process_table.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace lockstep {
namespace {

constexpr std::string_view kJobDirVariable = "LOCKSTEP_JOB_DIR=";
constexpr std::string_view kRankVariable = "LOCKSTEP_RANK=";

std::string ReadFile(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

template <class T>
bool ReadNumber(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// The field after `name` in lines of "name:  value kB".
std::uint64_t KilobytesOf(std::string_view meminfo, std::string_view name) {
  const std::size_t at = meminfo.find(name);
  if (at == meminfo.npos) return 0;
  std::string_view rest = meminfo.substr(at + name.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::uint64_t value = 0;
  return ReadNumber(rest.substr(0, rest.find_first_of(" \n")), value) ? value * 1024 : 0;
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  // proc(5): "pid (comm) state ppid ..."; comm may hold anything, a parenthesis too.
  const std::size_t comm_end = text.rfind(')');
  if (comm_end == text.npos || comm_end + 2 >= text.size()) return std::nullopt;
  ProcessStat stat;
  std::string_view rest = text.substr(comm_end + 2);
  for (int field = 3; field <= 24; ++field) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    std::uint64_t number = 0;
    const bool counts = field == 14 || field == 15 || field == 22 || field == 24;
    if (word.empty() || (counts && !ReadNumber(word, number))) return std::nullopt;
    if (field == 3) stat.state = word[0];
    if (field == 14 || field == 15) stat.cpu_ticks += number;
    if (field == 22) stat.start_ticks = number;
    if (field == 24) stat.memory_pages = number;
  }
  return stat;
}

std::optional<std::pair<std::string, int>> ParseRankEnvironment(std::string_view text) {
  std::string job_dir;
  int rank = -1;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(text.size(), entry.size() + 1));
    if (entry.starts_with(kJobDirVariable)) job_dir = entry.substr(kJobDirVariable.size());
    if (entry.starts_with(kRankVariable) && !ReadNumber(entry.substr(kRankVariable.size()), rank)) {
      rank = -1;
    }
  }
  if (job_dir.empty() || rank < 0) return std::nullopt;
  return std::pair(job_dir, rank);
}

ProcessSnapshot TakeProcessSnapshot(const std::string& proc_dir) {
  ProcessSnapshot snapshot{std::chrono::steady_clock::now(), {}};
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(proc_dir, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    RankProcess process;
    if (!ReadNumber(entry->path().filename().native(), process.pid)) continue;
    const std::string path = entry->path().native();
    const auto rank = ParseRankEnvironment(ReadFile(path + "/environ"));
    if (!rank) continue;
    const std::optional<ProcessStat> stat = ParseProcessStat(ReadFile(path + "/stat"));
    if (!stat || stat->state == 'Z' || stat->state == 'X') continue;
    std::tie(process.job_dir, process.rank) = *rank;
    process.stat = *stat;
    snapshot.processes.push_back(std::move(process));
  }
  return snapshot;
}

Usage& Usage::operator+=(const Usage& other) {
  processes += other.processes;
  cpu += other.cpu;
  memory_bytes += other.memory_bytes;
  return *this;
}

RankUsage UsageBetween(const ProcessSnapshot& before, const ProcessSnapshot& after,
                       std::uint64_t ticks_per_second, std::uint64_t page_bytes) {
  const std::chrono::duration<double> seconds = after.taken - before.taken;
  std::map<std::pair<pid_t, std::uint64_t>, std::uint64_t> ticks_before;
  for (const RankProcess& process : before.processes) {
    ticks_before[{process.pid, process.stat.start_ticks}] = process.stat.cpu_ticks;
  }
  RankUsage usage;
  for (const RankProcess& process : after.processes) {
    const auto found = ticks_before.find({process.pid, process.stat.start_ticks});
    const std::uint64_t from = found == ticks_before.end() ? 0 : found->second;
    Usage one{1, 0, process.stat.memory_pages * page_bytes};
    if (seconds.count() > 0 && process.stat.cpu_ticks > from) {
      one.cpu = static_cast<double>(process.stat.cpu_ticks - from) /
                static_cast<double>(ticks_per_second) / seconds.count();
    }
    usage[{process.job_dir, process.rank}] += one;
  }
  return usage;
}

MachineUsage ParseMachineUsage(std::string_view stat, std::string_view loadavg,
                               std::string_view meminfo) {
  MachineUsage machine;
  // "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guest is in user too.
  std::istringstream first(std::string(stat.substr(0, stat.find('\n'))));
  std::string word;
  first >> word;
  std::uint64_t ticks = 0;
  for (int field = 0; word == "cpu" && field < 8 && first >> ticks; ++field) {
    machine.all_ticks += ticks;
    if (field != 3 && field != 4) machine.busy_ticks += ticks;
  }
  std::string_view load = loadavg.substr(0, loadavg.find(' '));
  if (!ReadNumber(load, machine.load)) machine.load = 0;
  machine.memory_bytes = KilobytesOf(meminfo, "MemTotal:");
  machine.memory_available_bytes = KilobytesOf(meminfo, "MemAvailable:");
  return machine;
}

MachineUsage ReadMachineUsage(const std::string& proc_dir) {
  return ParseMachineUsage(ReadFile(proc_dir + "/stat"), ReadFile(proc_dir + "/loadavg"),
                           ReadFile(proc_dir + "/meminfo"));
}

}  // namespace lockstep
