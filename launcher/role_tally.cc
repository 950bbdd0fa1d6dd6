#include "launcher/role_tally.h"

namespace lockstep {

RoleTally::RoleTally(const LaunchPlan& plan)
    : ended_(static_cast<std::size_t>(plan.world_size()), false) {
  int first = 0;
  for (const LaunchRole& role : plan.roles) {
    counts_.push_back({.role = role.name, .active = role.ranks});
    first_ranks_.push_back(first);
    first += role.ranks;
  }
}

void RoleTally::OnExit(const RankExit& exit) {
  const auto rank = static_cast<std::size_t>(exit.rank);
  if (exit.rank < 0 || rank >= ended_.size() || ended_[rank]) return;
  ended_[rank] = true;
  std::size_t role = 0;
  while (role + 1 < first_ranks_.size() && first_ranks_[role + 1] <= exit.rank) ++role;
  RoleCount& count = counts_[role];
  --count.active;
  if (exit.exit_code == 0) {
    ++count.succeeded;
  } else if (!exit.stopped) {
    ++count.failed;
  }
}

int RoleTally::active() const {
  int active = 0;
  for (const RoleCount& count : counts_) active += count.active;
  return active;
}

}  // namespace lockstep
