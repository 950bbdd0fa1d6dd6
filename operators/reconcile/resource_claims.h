// What TrainingJobs hold of this machine, as their statuses say: a claim is written down before the
// job starts, so that the next operator knows it.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "operators/reconcile/resource_pool.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

// Thread safety: all methods from any thread.
class ResourceClaims {
 public:
  // `store` outlives it. nullopt: nothing is bounded, and nothing is told of devices.
  ResourceClaims(Store& store, std::optional<MachineResources> machine)
      : store_(store), machine_(std::move(machine)) {}

  // For a job that is about to start, or runs. kGo: it has what it asks for, and `job` is as it was
  // written to the store (when it has to be). Errors as Store::UpdateStatus's.
  Result<ResourceDecision> Claim(TrainingJob& job);

  // The jobs that wait for what may have come free by `change`.
  static std::vector<ObjectKey> Waiting(const Store& store, const Change& change);

 private:
  Store& store_;
  const std::optional<MachineResources> machine_;
  std::mutex mutex_;  // over a decision and its write: two jobs never get the same
};

// Running: False, Queued. What is free now is told of the next in line alone: with many in the
// queue each end would be a write for each. REQUIRES: decision.kind is kWait
void ShowQueued(TrainingJobStatus& status, const ResourceDecision& decision, WallTime now);

// Of a suspended job: others may have it.
void ReleaseResources(TrainingJobStatus& status);

}  // namespace lockstep
