// The programs of a job as they are started: with the rank's environment, with tokens replaced by
// the ports, hosts and numbers of this run, and with the mounts, hosts file and root that the plan
// gives them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "launcher/launch_plan.h"
#include "launcher/port_lease.h"
#include "launcher/process.h"
#include "launcher/rank_env.h"
#include "launcher/rank_mounts.h"
#include "launcher/rank_tokens.h"

namespace lockstep {

class RankPrograms {
 public:
  // `plan` and `leases` outlive it. REQUIRES: CheckLaunchPlan(plan) is ok
  RankPrograms(const LaunchPlan& plan, RunIdentity run, PortLeases* leases);

  // Before the first program: ports, the hosts file, the ranks' own files.
  Status Prepare();

  // What is wrong names the path.
  Result<Program> OfRank(int rank);
  // An init command or sidecar of `role`, beside `rank`.
  Result<Program> Beside(const LaunchRole& role, const LaunchInit& init, int rank);

  // What the user must know, in sentences; each once.
  std::vector<std::string> TakeNotes() { return std::exchange(notes_, {}); }

 private:
  struct Place {  // of a program
    const std::vector<LaunchMount>& mounts;
    const std::string& root;
    bool container;
    int rank;
  };
  Status NameHosts();
  Status WriteFiles() const;
  TokenValues ValuesOf(int rank) const;
  // `written`: the variables that its role and itself are given.
  Result<Program> Finish(Program program, Environment written, const Place& place);

  const LaunchPlan& plan_;
  const RunIdentity run_;
  PortLeases* leases_;
  const Environment launcher_env_;
  RankMounts mounts_;
  PortTable ports_;
  bool hosts_named_ = false;  // the tokens of hosts are their names
  bool mount_hosts_ = false;
  int containers_ = 0;  // that were prepared
  std::vector<std::string> notes_;
};

}  // namespace lockstep
