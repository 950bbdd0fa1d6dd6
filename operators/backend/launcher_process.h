// The launcher of a job directory as a process: started once, found again, asked to stop.
//
// `launcher.pid` in the job directory is the claim to be its launcher. The process that is to
// become the launcher puts it there itself, complete and in one step (link), before it starts the
// program: whoever finds a claim there gives way. So two operators, or one that was killed between
// any two steps, never start two launchers; a claim whose process is gone without having taken the
// directory's lock was killed before it began.
#pragma once

#include <string>
#include <vector>

#include "launcher/unique_fd.h"
#include "runtime/base/status.h"

namespace lockstep {

enum class LauncherLife : unsigned char { kNone, kAlive, kGone };  // kNone: never claimed

class LauncherProcess {
 public:
  explicit LauncherProcess(std::string job_dir) : dir_(std::move(job_dir)) {}

  // Starts `command` (command[0] is a path) in a session of its own, no child of this process,
  // without its descriptors, writing to launcher.log, unless the directory is claimed. Returns when
  // the claim is there.
  Status Start(const std::vector<std::string>& command) const;
  Result<LauncherLife> Life() const;
  // A pidfd of it; none: it does not live, or there are no descriptors left.
  UniqueFd Open() const;
  // SIGTERM, once however often it is called. REQUIRES: claimed
  Status AskToStop() const;

 private:
  std::string pid_path() const { return dir_ + "/launcher.pid"; }

  std::string dir_;
};

}  // namespace lockstep
