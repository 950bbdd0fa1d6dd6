// The environment of a rank. Pure: the plan, the run's addresses and the launcher's own environment
// in, the rank's environment out.
#pragma once

#include <map>
#include <string>

#include "launcher/launch_plan.h"

namespace lockstep {

using Environment = std::map<std::string, std::string>;

// Names every process of one run; what carries the tag belongs to the run and ends with it.
// A run inside a rank of another has both tags, separated by ':'.
inline constexpr char kJobTagVariable[] = "LOCKSTEP_JOB_TAG";

// What is drawn once per run.
struct RunIdentity {
  std::string tag;
  std::string rendezvous;  // "unix:@lockstep-<random>": an abstract socket, gone with its owner
  std::string master_addr;
  int master_port = 0;  // 0: the plan needs none
  std::string job_dir;  // absolute
  int cores = 1;        // of the launcher's affinity mask
};

struct RankPlace {
  const LaunchRole* role;  // of the plan
  int rank_in_role;
};
// REQUIRES: 0 <= rank < plan.world_size()
RankPlace PlaceOfRank(const LaunchPlan& plan, int rank);

// Launcher's environment less other launchers' rank variables, then plan.env, the role's env, and
// last what names this rank. MASTER_ADDR, MASTER_PORT and OMP_NUM_THREADS yield to the plan's.
// Under RankVariables::kLockstep what names this rank is LOCKSTEP_* alone, and those three are not
// set.
Environment RankEnvironment(const LaunchPlan& plan, const RunIdentity& run, int rank,
                            const Environment& launcher);

}  // namespace lockstep
