// LaunchPlan: everything that is decided before the first process starts. Pure; written to
// plan.json, read back by `lockstep run --plan`.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

enum class SuccessRule : std::uint8_t {
  kAllRanks,  // every rank exits 0; the first that does not ends the job
  kRank0,  // rank 0's exit ends the job, well when it is 0; any rank's failure before that ends it
           // badly
};

struct LaunchRole {
  std::string name;  // "worker"
  int ranks = 1;
  std::vector<std::vector<std::string>>
      init_commands;                 // run in order before the ranks; a failure ends the job
  std::vector<std::string> command;  // never empty; command[0] is looked up in PATH as execvp does
  std::map<std::string, std::string> env;  // on top of LaunchPlan::env
  std::string working_dir;                 // empty: the launcher's
};

struct LaunchPlan {
  std::string job = "job";  // for messages and LOCKSTEP_JOB
  int generation = 0;
  std::vector<LaunchRole> roles;  // ranks are numbered through the roles in order
  SuccessRule success = SuccessRule::kAllRanks;
  std::map<std::string, std::string>
      env;  // on top of the launcher's own environment less rank variables of other launchers
  std::string job_dir;                      // empty: a new one under the state directory
  std::chrono::milliseconds grace{30'000};  // between SIGTERM and SIGKILL
  std::chrono::milliseconds deadline{0};    // of the whole run; 0: none
  bool quiet = false;  // nothing on the launcher's own stdout and stderr; files only

  int world_size() const;
};

// InvalidArgument names the field.
Status CheckLaunchPlan(const LaunchPlan& plan);

std::string EncodeLaunchPlan(const LaunchPlan& plan);
// InvalidArgument names `file` and the field. Unknown fields are errors.
Result<LaunchPlan> DecodeLaunchPlan(std::string_view text, std::string_view file);

}  // namespace lockstep
