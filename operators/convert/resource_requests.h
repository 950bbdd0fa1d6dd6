// What a job asks of a machine: GPUs, CPUs and memory, by its containers' resources. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operators/api/training_job.h"

namespace lockstep {

struct ResourceAmounts {
  std::int64_t gpus = 0;
  std::int64_t milli_cpus = 0;  // thousandths of a core
  std::int64_t memory_bytes = 0;

  bool is_zero() const { return gpus == 0 && milli_cpus == 0 && memory_bytes == 0; }
  friend bool operator==(const ResourceAmounts&, const ResourceAmounts&) = default;
};

// Of one rank, as Kubernetes counts a pod: a request that is missing is the limit; containers and
// sidecars together, or an init container that asks for more than all of them. GPUs are nvidia.com/
// gpu and amd.com/gpu. What is no quantity counts for nothing: admission has refused it.
ResourceAmounts RequestsOfRank(const JobRole& role);
// Of all ranks. Those of a role that only lends its hosts too: the first role's programs start what
// runs on them.
ResourceAmounts RequestsOfJob(const TrainingJobSpec& spec);

// Which of `devices` each rank is told of ("0,1"), for each role and each of its ranks, in order;
// what is for a role that only lends its hosts is rank 0's. Empty: no rank asks for a GPU, and none
// is told anything.
using RankDevices = std::vector<std::vector<std::string>>;
RankDevices DevicesOfRanks(const TrainingJobSpec& spec, const std::vector<std::string>& devices);

}  // namespace lockstep
