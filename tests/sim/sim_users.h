// The users of a simulated operator: they create searches, change budgets, delete, and change their
// minds at any moment; what admission refuses they leave.
#pragma once

#include <string>

#include "operators/api/experiment.h"
#include "tests/sim/sim_random.h"
#include "tests/sim/sim_store.h"

namespace lockstep::sim {

class SimUsers {
 public:
  SimUsers(SimStore& store, Random& random) : store_(store), random_(random) {}

  // One thing that one of them does; what it was, for the trace.
  std::string Act();
  // What they had suspended goes on.
  void ResumeAll();

 private:
  std::string Create(const std::string& name);
  std::string ChangeBudget(const Experiment& experiment);
  std::string Wish(Experiment experiment);
  std::string WishOfTrial();
  std::string WishOfJob();
  template <class T>
  std::string Annotate(T object, const std::string& name, const std::string& value);
  template <class T>
  const T* Any() const;
  Experiment NewExperiment(const std::string& name);

  SimStore& store_;
  Random& random_;
};

}  // namespace lockstep::sim
