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
  kFirstRole,  // the same of all ranks of the first role
  kAnyRank,    // the first exit 0 of any rank ends the job well
};

// Whether a job may be started again when a rank of the role fails. The launcher keeps it for
// whoever decides that (operators/reconcile/restart_policy.h).
enum class RestartRule : std::uint8_t { kOnFailure, kAlways, kNever, kExitCode };

// Which variables tell a rank its place.
enum class RankVariables : std::uint8_t {
  kAll,       // docs/environment.md
  kLockstep,  // LOCKSTEP_* alone: the plan's env gives what else the ranks are told
};

// What a program sees at a path of its own.
struct LaunchMount {
  std::string path;    // absolute; need not be there
  std::string source;  // a folder or file: absolute, or relative to the rank's own folder,
                       // <job_dir>/volumes/rank-N, where the launcher makes it
  bool read_only = false;
};

// A program that is started before the ranks of a role: an init command, which must end well before
// what follows it begins; or a sidecar, which runs beside the first rank of the role, to
// <job_dir>/<name>.log, or beside each, to <job_dir>/<name>-rank-N.log. A sidecar that ends is not
// started again, and decides nothing.
struct LaunchInit {
  std::string name = {};  // of a sidecar: unique in the plan
  std::vector<std::string> command;
  std::map<std::string, std::string> env = {};  // on top of the role's
  std::string working_dir = {};                 // empty: the role's
  std::vector<LaunchMount> mounts = {};  // with a source of the rank's own, or a token in its text,
                                         // an init command is run for each rank, otherwise once
  bool sidecar = false;
  bool every_rank = false;  // a sidecar beside each rank; an init command for each, in any case
  std::chrono::milliseconds linger{0};  // of a sidecar: from the end of the ranks to its SIGTERM
  std::string root = {};                // this and the next two are as LaunchRole's, of its own
  bool container = false;
  std::string image = {};
};

// A file that the launcher writes for each rank, with its tokens replaced, before anything of the
// role is started.
struct LaunchFile {
  std::string path;  // in the rank's own folder, where a mount can show it
  std::string text;
  int mode = 0644;
};

struct LaunchRole {
  std::string name;  // "worker"
  int ranks = 1;
  std::vector<LaunchInit> init = {};  // in order; a failure ends the job
  std::vector<std::string> command;   // never empty; command[0] is looked up in PATH as execvp does
  std::map<std::string, std::string> env;  // on top of LaunchPlan::env
  std::string working_dir;                 // empty: the launcher's
  std::vector<LaunchMount> mounts = {};
  RestartRule restart = RestartRule::kOnFailure;
  std::vector<std::string> host_names = {};  // of a rank; they are this machine's loopback for all
                                             // programs of the job, where it can mount a hosts file
  int port = 0;                              // where each rank of the role listens; 0: nowhere
  std::string root = {};   // a root file system for its programs; empty: this machine's
  bool container = false;  // the command is `podman run ...`, whose container knows the job's host
                           // names by itself
  std::string image = {};  // the container image that the program is written for, where it runs
                           // without: to be told
  std::vector<LaunchFile> files = {};
  std::vector<std::string> devices = {};  // GPUs of each rank, "0,1", told by
                                          // CUDA_VISIBLE_DEVICES; empty: nothing is told
};

// Ranks of a role that are not started: they lend their hosts to the programs of others.
struct LentHosts {
  std::string role;
  int count = 0;
  std::vector<std::string> host_names = {};  // as LaunchRole's
};

// Text of a plan (commands, env, working directories, host names, what a token file holds) may hold
// the tokens of rank_tokens.h, which the launcher replaces for each rank.
struct LaunchPlan {
  std::string job = "job";  // for messages and LOCKSTEP_JOB
  int generation = 0;
  std::vector<LaunchRole> roles;  // ranks are numbered through the roles in order
  std::vector<LentHosts> lent_hosts = {};
  SuccessRule success = SuccessRule::kAllRanks;
  RankVariables rank_variables = RankVariables::kAll;
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
