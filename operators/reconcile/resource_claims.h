// What TrainingJobs hold of this machine, as their statuses say: a claim is written down before the
// job starts, so that the next operator knows it.
//
// Of the jobs that share the machine a list is kept in mind, by what the store tells of them: to
// look at all jobs for each that starts or ends would be too much where there are thousands. That a
// job holds something is known before anybody is told; that it holds nothing any more, a little
// later. So two jobs never get the same.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "operators/reconcile/resource_pool.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

// Thread safety: all methods from any thread.
class ResourceClaims {
 public:
  // `store` outlives it.
  ResourceClaims(Store& store, MachineResources machine)
      : store_(store), machine_(std::move(machine)) {}

  // For a job that is about to start, or runs. kGo: it has what it asks for, and `job` is as it was
  // written to the store (when it has to be). Errors as Store::UpdateStatus's.
  Result<ResourceDecision> Claim(TrainingJob& job);

  // REQUIRES: called with each change of a TrainingJob. The jobs that may start because of it, and
  // the one that waits first, whose message is another now.
  std::vector<ObjectKey> OnChange(const Change& change);

 private:
  // As Store::List orders them.
  using Place = std::tuple<std::string, std::string, std::string, std::string>;
  struct Known {
    Place place;
    std::uint64_t version = 0;  // of the object, of which the rest is known
    bool is_claiming = false;   // what it is to hold is being written down
  };

  static Place PlaceOf(const TrainingJob& job);
  Status LookAroundLocked();
  std::optional<std::size_t> FindLocked(const Place& place) const;
  // True: something has come free.
  bool LearnLocked(const TrainingJob& job);
  void ForgetLocked(std::size_t index);

  Store& store_;
  const MachineResources machine_;
  std::mutex mutex_;
  bool has_looked_around_ = false;  // guarded by mutex_, as all below
  std::vector<Known> known_;        // jobs that ask for something and have not ended, in order
  std::vector<PoolJob> pool_;       // what each of them asks for and holds
};

// Running: False, Queued. What is free now is told of the next in line alone: with many in the
// queue each end would be a write for each. REQUIRES: decision.kind is kWait
void ShowQueued(TrainingJobStatus& status, const ResourceDecision& decision, WallTime now);

// Of a suspended job: others may have it.
void ReleaseResources(TrainingJobStatus& status);

}  // namespace lockstep
