// Counts, role by role, how the ranks of a job are doing. Pure.
#pragma once

#include <vector>

#include "launcher/job_dir.h"
#include "launcher/launch_plan.h"

namespace lockstep {

class RoleTally {
 public:
  // All ranks are taken to run.
  explicit RoleTally(const LaunchPlan& plan);

  // Each rank once. Those that are not of the plan count nowhere.
  void OnExit(const RankExit& exit);

  // In the plan's order.
  const std::vector<RoleCount>& counts() const { return counts_; }
  int active() const;

 private:
  std::vector<RoleCount> counts_;
  std::vector<int> first_ranks_;
  std::vector<bool> ended_;  // by rank
};

}  // namespace lockstep
