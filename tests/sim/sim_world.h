// A whole operator and its world in one thread on a clock that stands still: the product's store,
// work queue, controllers and suggesters; simulated users, jobs, faults and crashes. The same seed
// gives the same world, step for step.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "operators/control/manager.h"
#include "operators/observe/memory_observation_store.h"
#include "runtime/base/clock.h"
#include "tests/sim/fault_gate.h"
#include "tests/sim/invariants.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_store.h"
#include "tests/sim/sim_users.h"

namespace lockstep::sim {

class FaultyObservations;

struct SimCounts {
  std::uint64_t steps = 0;  // keys reconciled and events delivered
  std::uint64_t crashes = 0;
  std::uint64_t experiments = 0;
  std::uint64_t trials = 0;
  std::uint64_t starts = 0;
  std::uint64_t early_stopped = 0;
  std::uint64_t resumed = 0;
};

class SimWorld {
 public:
  // `fail` is told what does not hold, and does not return.
  SimWorld(std::uint64_t seed, Invariants::Fail fail);
  ~SimWorld();

  // `steps` steps with faults, crashes and users; then none of them, until nothing has anything to
  // do any more; then the last checks.
  void Run(std::uint64_t steps);

  const SimCounts& counts() const { return counts_; }
  // What happened last, one line each.
  const std::deque<std::string>& trace() const { return trace_; }

 private:
  void Step();
  bool WorkOrDeliver();
  void Interrupt();
  void StartOperator();
  void Settle();
  void Advance(std::chrono::milliseconds most);
  void Count(const ObjectPtr& before, const ObjectPtr& after);
  void Note(std::string what);

  SimCounts counts_;
  std::deque<std::string> trace_;
  FakeClock clock_;
  Random random_;
  FaultGate gate_;
  Invariants invariants_;
  const Invariants::Fail fail_;
  SimStore store_;
  SimBackend backend_;
  const std::unique_ptr<ObservationStore> rows_ = MakeMemoryObservationStore();
  const std::unique_ptr<FaultyObservations> faulty_rows_;
  SimUsers users_;
  int depth_ = 0;  // of interruptions in interruptions
  std::unique_ptr<Manager> manager_;
};

}  // namespace lockstep::sim
