// LauncherClaim: what one launcher's variables say of this process. ResolveJobEnv chooses among
// the claims.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/job_env.h"
#include "runtime/base/launcher_variables.h"

namespace lockstep {

struct LauncherClaim {
  const LauncherVariables* source = nullptr;
  std::optional<int> rank, world_size, local_rank, local_world_size, node_rank, nodes;
  std::string seen;  // "RANK=0, WORLD_SIZE=2"

  bool complete() const { return rank && world_size; }
  bool empty() const { return !rank && !world_size; }
  bool Contradicts(const LauncherClaim& other) const {
    return (rank && rank != other.rank) || (world_size && world_size != other.world_size);
  }
};

// Every launcher that says something, in order of specificity; a rank without a size, or a size
// without a rank, is a claim too. InvalidArgument: a value that is no number.
Result<std::vector<LauncherClaim>> ReadLauncherClaims(const EnvReader& env);

// The first of `names` that is set, into `field`, and "NAME=value" onto `seen`.
Status ReadCount(const EnvReader& env, const VariableNames& names, std::optional<int>& field,
                 std::string& seen);

}  // namespace lockstep
