// LauncherVariables: which environment variables each launcher sets, as one table. The page for
// people is docs/environment.md.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "runtime/base/job_env.h"

namespace lockstep {

// The names of one field; the first that is set counts. Unused places are empty.
using VariableNames = std::array<std::string_view, 3>;

struct LauncherVariables {
  LauncherKind kind;
  std::string_view marker;  // the row counts only where this is set; empty: always
  VariableNames rank, world_size, local_rank, local_world_size, node_rank, nodes;
  // Starts other launchers as often as ranks (srun torchrun; a pod whose command is `lockstep
  // run`): not asked where a launcher before it has given a local rank.
  bool starts_launchers = false;
  bool one_rank_per_host = false;  // what no local rank means
  std::string_view remedy;         // the next step for who has only half of the variables
};

// In order of specificity.
std::span<const LauncherVariables> AllLauncherVariables();

}  // namespace lockstep
