#include "operators/reconcile/resource_pool.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <set>

#include "runtime/base/check.h"

namespace lockstep {
namespace {

constexpr std::int64_t kUnbounded = std::numeric_limits<std::int64_t>::max();

std::string Count(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// "2", "1.5".
std::string Cores(std::int64_t milli_cpus) {
  if (milli_cpus % 1000 == 0) return std::to_string(milli_cpus / 1000);
  std::array<char, 32> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(milli_cpus) / 1000);
  std::string cores(text.data(), static_cast<std::size_t>(size));
  return cores.substr(0, cores.find_last_not_of('0') + 1);
}

std::string Cpus(std::int64_t milli_cpus) {
  return Cores(milli_cpus) + (milli_cpus == 1000 ? " CPU" : " CPUs");
}

std::string Memory(std::int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"Ki", "Mi", "Gi", "Ti", "Pi"};
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; amount >= 1000 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.3g%s", amount, kUnits[unit]);
  return {text.data(), static_cast<std::size_t>(size)};
}

// As it counts: see the header on CPUs.
ResourceAmounts Counted(const MachineResources& machine, ResourceAmounts asks) {
  if (machine.milli_cpus > 0) asks.milli_cpus = std::min(asks.milli_cpus, machine.milli_cpus);
  return asks;
}

// What is there, less what is held, less what those who came before wait for.
struct Free {
  std::vector<std::string> devices;
  ResourceAmounts unheld;   // nobody has it
  ResourceAmounts left;     // nor is it kept for somebody who came before
  std::string waits_first;  // the first of those; "": none
};

void Take(std::int64_t amount, std::int64_t& from) {
  from = std::max<std::int64_t>(from - std::min(from, amount), 0);
}

// Before anything is kept for anybody.
Free UnheldBy(const MachineResources& machine, std::span<const PoolJob> jobs) {
  Free free;
  std::set<std::string> held;
  for (const PoolJob& job : jobs) {
    if (job.holds) held.insert(job.devices.begin(), job.devices.end());
  }
  std::ranges::copy_if(machine.devices, std::back_inserter(free.devices),
                       [&](const std::string& device) { return !held.contains(device); });
  free.unheld = {static_cast<std::int64_t>(free.devices.size()),
                 machine.milli_cpus > 0 ? machine.milli_cpus : kUnbounded,
                 machine.memory_bytes > 0 ? machine.memory_bytes : kUnbounded};
  for (const PoolJob& job : jobs) {
    if (!job.holds) continue;
    const ResourceAmounts has = Counted(machine, job.asks);
    Take(has.milli_cpus, free.unheld.milli_cpus);
    Take(has.memory_bytes, free.unheld.memory_bytes);
  }
  free.left = free.unheld;
  return free;
}

bool Waits(const MachineResources& machine, const PoolJob& job) {
  const bool never = job.asks.gpus > static_cast<std::int64_t>(machine.devices.size()) ||
                     (machine.memory_bytes > 0 && job.asks.memory_bytes > machine.memory_bytes);
  return !job.holds && !never && !job.asks.is_zero();
}

bool Fits(const ResourceAmounts& wants, const ResourceAmounts& left) {
  return wants.gpus <= left.gpus && wants.milli_cpus <= left.milli_cpus &&
         wants.memory_bytes <= left.memory_bytes;
}

// For `job`, which waits, from those who came after it.
void Keep(const MachineResources& machine, const PoolJob& job, Free& free) {
  const ResourceAmounts wants = Counted(machine, job.asks);
  Take(wants.gpus, free.left.gpus);
  Take(wants.milli_cpus, free.left.milli_cpus);
  Take(wants.memory_bytes, free.left.memory_bytes);
  if (free.waits_first.empty()) free.waits_first = job.name;
}

std::string NeverText(const MachineResources& machine, const ResourceAmounts& asks) {
  const auto devices = static_cast<std::int64_t>(machine.devices.size());
  if (asks.gpus > devices) {
    return "asks for " + Count(asks.gpus, "GPU") + ", and this machine has " +
           (devices == 0 ? "none" : std::to_string(devices)) +
           ": ask for fewer, leave the request out (the program sees what is there), or write how "
           "many there are as gpus in config.yaml";
  }
  if (machine.memory_bytes > 0 && asks.memory_bytes > machine.memory_bytes) {
    return "asks for " + Memory(asks.memory_bytes) + " of memory, and this machine has " +
           Memory(machine.memory_bytes) +
           ": ask for less, or write how much there is as memory in config.yaml";
  }
  return "";
}

// "2 GPUs: 1 of 4 is free", for each that is short.
std::string WaitText(const MachineResources& machine, const ResourceAmounts& wants,
                     const Free& free) {
  std::string text;
  const auto add = [&](std::int64_t want, std::int64_t left, const std::string& amount,
                       const std::string& there) {
    if (want <= left) return;
    text += (text.empty() ? "waits for " : "; and for ") + amount + ": " + there;
  };
  const std::int64_t gpus = free.unheld.gpus;
  add(wants.gpus, free.left.gpus, Count(wants.gpus, "GPU"),
      std::to_string(gpus) + " of " + std::to_string(machine.devices.size()) +
          (gpus == 1 ? " is free" : " are free"));
  add(wants.milli_cpus, free.left.milli_cpus, Cpus(wants.milli_cpus),
      Cores(free.unheld.milli_cpus) + " of " + Cores(machine.milli_cpus) +
          (free.unheld.milli_cpus == 1000 ? " is free" : " are free"));
  add(wants.memory_bytes, free.left.memory_bytes, Memory(wants.memory_bytes) + " of memory",
      Memory(free.unheld.memory_bytes) + " of " + Memory(machine.memory_bytes) + " is free");
  if (Fits(wants, free.unheld))
    text += ", and " + free.waits_first + ", which came before, waits for them";
  return text;
}

}  // namespace

ResourceDecision DecideResources(const MachineResources& machine, std::span<const PoolJob> jobs,
                                 std::size_t index) {
  CHECK(index < jobs.size()) << index << " of " << jobs.size();
  const PoolJob& job = jobs[index];
  using Kind = ResourceDecision::Kind;
  if (job.asks.is_zero()) return {};
  if (std::string never = NeverText(machine, job.asks); !never.empty()) {
    return {.kind = Kind::kNever, .message = std::move(never)};
  }
  const ResourceAmounts wants = Counted(machine, job.asks);
  Free free = UnheldBy(machine, jobs);
  for (const PoolJob& before : jobs.first(index)) {
    if (Waits(machine, before)) Keep(machine, before, free);
  }
  if (!Fits(wants, free.left)) {
    return {.kind = Kind::kWait,
            .message = WaitText(machine, wants, free),
            .is_next = free.waits_first.empty()};
  }
  free.devices.resize(static_cast<std::size_t>(wants.gpus));
  return {.kind = Kind::kGo, .devices = std::move(free.devices)};
}

std::vector<std::size_t> MayStart(const MachineResources& machine, std::span<const PoolJob> jobs) {
  std::vector<std::size_t> indices;
  Free free = UnheldBy(machine, jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!Waits(machine, jobs[i])) continue;
    const bool is_first = free.waits_first.empty();
    if (is_first || Fits(Counted(machine, jobs[i].asks), free.left)) indices.push_back(i);
    Keep(machine, jobs[i], free);
  }
  return indices;
}

std::string RunsAlone(const MachineResources& machine, const ResourceAmounts& asks) {
  if (machine.milli_cpus == 0 || asks.milli_cpus <= machine.milli_cpus) return "";
  return "asks for " + Cpus(asks.milli_cpus) + ", and this machine has " +
         Cpus(machine.milli_cpus) + ": it runs all the same, and none that asks for CPUs beside it";
}

}  // namespace lockstep
