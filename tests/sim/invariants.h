// What must hold at every moment of a simulation, and at its end; told by its own means, so that it
// does not repeat the product's mistakes.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "operators/api/object.h"
#include "operators/observe/observation_store.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_store.h"

namespace lockstep::sim {

class Invariants {
 public:
  // `fail` does not return.
  using Fail = std::function<void(const std::string& what)>;
  explicit Invariants(Fail fail) : fail_(std::move(fail)) {}
  // Before anything else; both outlive it.
  void Watch(const SimStore& store, const SimBackend& backend, const ObservationStore& rows);

  // A change of the store, when it has been made.
  void OnChange(const ObjectPtr& before, const ObjectPtr& after);
  // A job that the backend is about to start.
  void OnStart(const JobPlan& plan);
  // A step begins: what was true when it decides is true of the objects now.
  void OnStep() { budgets_.clear(); }

  // When nothing has anything to do any more: of what is suspended nothing runs.
  void CheckSuspended() const;
  // Whether its TrainingJob was deleted: then what it left behind may stay, and it must have ended.
  bool IsLeftOver(const SimJob& run) const;
  // ... and nothing is suspended.
  void CheckSettled() const;

 private:
  struct Budget {  // the widest of this step: who decided may have seen any of them
    std::int32_t parallel = 0;
    std::int32_t trials = 0;
  };

  void OnExperiment(const Experiment* before, const Experiment& after);
  void OnSuggestion(const Suggestion* before, const Suggestion& after);
  void OnTrialCreated(const Trial& trial);
  void OnTrial(const Trial& before, const Trial& after);
  void OnJob(const TrainingJob* before, const TrainingJob& after);

  void CheckCounts(const Experiment& experiment) const;
  void CheckCountsNow(const Experiment& experiment) const;
  void CheckBest(const Experiment& experiment) const;
  void CheckRows(const Trial& trial) const;
  void CheckSettledExperiment(const Experiment& experiment) const;
  void CheckSettledJob(const TrainingJob& job) const;
  static std::string EndOf(const std::vector<Condition>& conditions);
  Budget BudgetOf(const Experiment& experiment) const;
  std::vector<const Trial*> TrialsOf(const Experiment& experiment) const;
  template <class T>
  const T* Find(const std::string& name) const;
  void Expect(bool condition, const std::string& what) const {
    if (!condition) fail_(what);
  }

  const Fail fail_;
  const SimStore* store_ = nullptr;
  const SimBackend* backend_ = nullptr;
  const ObservationStore* rows_ = nullptr;
  std::map<std::string, std::set<std::string>> created_;  // names of trials, by Experiment's uid
  std::set<std::string> with_job_;                        // uids of Trials
  std::set<std::pair<std::string, int>> started_;         // uids of jobs, generations
  std::map<std::string, Budget> budgets_;                 // by Experiment's uid
};

}  // namespace lockstep::sim
