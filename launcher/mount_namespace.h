// Gives the calling process mounts of its own, by a MountPlan. For a child between fork and exec:
// all that takes memory is done before the fork.
//
// As root by a mount namespace alone; otherwise in a user namespace too, with the same user and
// group inside as outside. Nothing of it is seen by any other process, and it ends with the last
// process in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launcher/mount_plan.h"

namespace lockstep {

struct MountError {
  enum Stage : std::uint8_t { kNone, kNamespace, kStep } stage = kNone;
  int step = 0;  // kStep: its index
  int error = 0;
};

class MountNamespace {
 public:
  // Of this process's user. `plan` outlives it; an empty one means that there is nothing to do.
  explicit MountNamespace(const MountPlan* plan);

  bool needed() const { return !plan_->empty(); }
  // System calls only. Also goes back to the working directory, by its path.
  MountError Enter();

  // One sentence without a full stop: "cannot show /a at '/katib': Permission denied".
  static std::string Explain(const MountPlan& plan, const MountError& error);

 private:
  int EnterNamespace();
  int Do(const MountStep& step);

  const MountPlan* plan_;
  std::vector<int> taken_;  // descriptors of mounts
  std::size_t taken_count_ = 0;
  std::string uid_map_;
  std::string gid_map_;
  std::string working_dir_;
  std::vector<std::string> memory_options_;  // by step
};

}  // namespace lockstep
