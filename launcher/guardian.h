// The guardian: a process forked before any rank, that outlives the launcher for as long as it
// takes to clean up behind it. It holds the job directory's lock and one end of a socket; when the
// other end closes before the launcher has said that all is done, the launcher is dead: it kills
// what the job left, and writes exit.json with cause launcher-lost.
//
// In a session of its own, deaf to SIGINT, SIGTERM and SIGHUP, with nothing of the launcher's open.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "launcher/job_dir.h"
#include "launcher/job_lock.h"
#include "launcher/unique_fd.h"

namespace lockstep {

struct GuardedJob {
  JobDir dir;
  std::string tag;
  std::string host;
  std::string started_at;
  std::string search_path;  // where podman is, as RemoveContainers has it
};

class Guardian {
 public:
  // Publishes the lock in the guardian, so that from the first moment the lock is to be seen
  // somebody will write exit.json. AlreadyExists: the directory was used before.
  static Result<Guardian> Start(const GuardedJob& job, PreparedLock lock);

  // The launcher tells of the process groups that it started, and which of them are gone: a group's
  // number may be somebody else's later.
  void Watch(pid_t group) { Send('+', group); }
  void Forget(pid_t group) { Send('-', group); }
  // exit.json is written: the guardian leaves, and with it the lock. Waits for that.
  void Dismiss();

  pid_t pid() const { return pid_; }
  // Became known to have died before Dismiss: nobody watches over the launcher any more.
  void MarkDead() { pid_ = -1; }

 private:
  void Send(char kind, pid_t group);

  pid_t pid_ = -1;
  UniqueFd socket_;
};

}  // namespace lockstep
