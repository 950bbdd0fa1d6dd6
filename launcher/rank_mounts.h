// Gives the programs of a job the mounts that its plan names: in namespaces, or, where the kernel
// gives none, by writing the real paths into their commands, arguments, environment and directory.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "launcher/launch_plan.h"
#include "launcher/process.h"

namespace lockstep {

// The environment variable by which somebody does without namespaces, when it is 1.
inline constexpr char kNoNamespacesVariable[] = "LOCKSTEP_NO_NAMESPACES";

class RankMounts {
 public:
  RankMounts(std::string job_dir, const Environment& launcher)
      : job_dir_(std::move(job_dir)), launcher_(launcher) {}

  // For a program beside rank `rank`. Makes the rank's own folders. `written`: the variables of its
  // environment that the plan gives, and that may name paths. What is wrong names the path.
  Status Give(const std::vector<LaunchMount>& mounts, int rank, const Environment& written,
              Program* program);
  // The same for a program whose root is to be the folder `root`: it also sees this machine's
  // /proc, /sys, /dev and /tmp, and the job directory. FailedPrecondition: there are no namespaces
  // here.
  Status GiveRoot(const std::string& root, std::vector<LaunchMount> mounts, int rank,
                  Program* program);

  // Whether programs can be given mounts; it is tried once, with a process.
  bool CanMount();
  // Why not: "LOCKSTEP_NO_NAMESPACES is 1".
  const std::string& why_not() const { return why_none_; }

  // What the user must know of programs without namespaces, each path once; "": nothing new.
  std::string TakeWarning() { return std::exchange(warning_, {}); }

 private:
  Result<std::vector<BoundPath>> Bind(const std::vector<LaunchMount>& mounts, int rank) const;
  std::string scratch() const { return job_dir_ + "/volumes/.root"; }

  std::string job_dir_;
  const Environment& launcher_;
  std::optional<bool> has_namespaces_;
  std::string why_none_;
  std::set<std::string> told_;  // paths
  std::string warning_;
};

}  // namespace lockstep
