#include "operators/convert/resource_requests.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "operators/convert/quantity.h"

namespace lockstep {
namespace {

// Far more than there is anywhere, and sums of it still fit.
constexpr double kAmountMax = 1e15;

double AmountIn(const Json& resources, const char* list, const char* name) {
  if (!resources.is_object() || !resources.contains(list)) return 0;
  const Json& amounts = resources[list];
  if (!amounts.is_object() || !amounts.contains(name)) return 0;
  return std::min(QuantityOf(amounts[name]).value_or(0), kAmountMax);
}

bool Names(const Json& resources, const char* list, const char* name) {
  return resources.is_object() && resources.contains(list) && resources[list].is_object() &&
         resources[list].contains(name);
}

double Requested(const Json& resources, const char* name) {
  const char* const list = Names(resources, "requests", name) ? "requests" : "limits";
  return AmountIn(resources, list, name);
}

ResourceAmounts RequestsOf(const Container& container) {
  const Json& resources = container.resources;
  ResourceAmounts amounts;
  for (const char* name : {"nvidia.com/gpu", "amd.com/gpu"}) {
    amounts.gpus += static_cast<std::int64_t>(std::ceil(Requested(resources, name)));
  }
  amounts.milli_cpus =
      static_cast<std::int64_t>(std::ceil(Requested(resources, "cpu") * 1000 - 1e-6));
  amounts.memory_bytes = static_cast<std::int64_t>(std::ceil(Requested(resources, "memory")));
  return amounts;
}

ResourceAmounts Sum(const ResourceAmounts& a, const ResourceAmounts& b) {
  return {a.gpus + b.gpus, a.milli_cpus + b.milli_cpus, a.memory_bytes + b.memory_bytes};
}

ResourceAmounts Times(const ResourceAmounts& amounts, std::int64_t count) {
  constexpr auto kMost = static_cast<std::int64_t>(kAmountMax);
  const auto times = [count](std::int64_t value) {
    return value == 0 || count == 0 ? 0 : std::min(value, kMost / count) * count;
  };
  return {times(amounts.gpus), times(amounts.milli_cpus), times(amounts.memory_bytes)};
}

}  // namespace

ResourceAmounts RequestsOfRank(const JobRole& role) {
  const PodSpec& pod = role.pod_template.spec;
  ResourceAmounts all;
  for (const Container& container : pod.containers) all = Sum(all, RequestsOf(container));
  ResourceAmounts most;
  for (const Container& container : pod.init_containers) {
    const ResourceAmounts one = RequestsOf(container);
    if (container.restart_policy == "Always") {
      all = Sum(all, one);
      continue;
    }
    most = {std::max(most.gpus, one.gpus), std::max(most.milli_cpus, one.milli_cpus),
            std::max(most.memory_bytes, one.memory_bytes)};
  }
  return {std::max(all.gpus, most.gpus), std::max(all.milli_cpus, most.milli_cpus),
          std::max(all.memory_bytes, most.memory_bytes)};
}

ResourceAmounts RequestsOfJob(const TrainingJobSpec& spec) {
  ResourceAmounts all;
  for (const JobRole& role : spec.roles) {
    all = Sum(all, Times(RequestsOfRank(role), std::max(role.replicas, 0)));
  }
  return all;
}

RankDevices DevicesOfRanks(const TrainingJobSpec& spec, const std::vector<std::string>& devices) {
  RankDevices ranks;
  if (RequestsOfJob(spec).gpus == 0) return ranks;
  std::size_t next = 0;
  const auto take = [&](std::int64_t count, std::string& into) {
    for (; count > 0 && next < devices.size(); --count) {
      into += (into.empty() ? "" : ",") + devices[next++];
    }
  };
  for (const JobRole& role : spec.roles) {
    const std::int64_t each = RequestsOfRank(role).gpus;
    auto& of_role = ranks.emplace_back(static_cast<std::size_t>(std::max(role.replicas, 0)));
    for (std::string& rank : of_role) {
      const bool lent = role.host_only && !ranks.front().empty();
      take(each, lent ? ranks.front().front() : rank);
    }
  }
  return ranks;
}

}  // namespace lockstep
