// All that outlives an operator, in memory: the store, the observations and what runs. And how
// tests speak of it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/control/manager.h"
#include "operators/observe/memory_observation_store.h"
#include "operators/reconcile/resource_pool.h"
#include "operators/store/store.h"
#include "tests/operators/backend/fake_backend.h"

namespace lockstep {

// An Experiment over lr in [0.01, 0.05], minimizing loss, whose trials run `train --lr=LR` on two
// ranks. `spec` is merged into its spec (RFC 7396).
Experiment SearchOverLr(const std::string& name, const std::string& spec);

// The lr of the command that `plan` runs.
double LrOf(const JobPlan& plan);
// Prints loss=LR, so that the smallest lr is the best trial.
FakeRun LossIsLr(const JobPlan& plan);

struct TestWorld {
  explicit TestWorld(std::function<FakeRun(const JobPlan&)> script);

  ObjectKey Apply(Object object);
  template <class T>
  T Get(const ObjectKey& key) const {
    return std::get<T>(**store->Get(key));
  }
  std::vector<Trial> Trials() const;
  // "Killed", "Succeeded", ... of each Trial, in order of creation; "" of one that has not ended.
  std::vector<std::string> TrialEnds() const;
  std::string EndOf(const std::vector<Condition>& conditions) const;

  std::unique_ptr<Store> store;
  const std::unique_ptr<ObservationStore> observations = MakeMemoryObservationStore();
  FakeBackend backend;
};

// True once `done` is; false after a minute.
bool Await(const std::function<bool()>& done);

// Everything has ended, and the Experiments' statuses say so.
bool Settled(const TestWorld& world);
// Runs an operator until all has settled and it is idle; false after a minute.
bool RunUntilIdle(TestWorld& world);
// ... or until `done`; then it is stopped, as by a signal.
bool RunUntil(TestWorld& world, const std::function<bool()>& done);

// `machine`: as ControllerOptions'.
std::unique_ptr<Manager> NewOperator(Store& store, ObservationStore& observations,
                                     JobBackend& backend,
                                     std::optional<MachineResources> machine = std::nullopt);

}  // namespace lockstep
