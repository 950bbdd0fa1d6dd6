// The lock of a job directory: there from the moment a generation starts, held as long as anything
// of it may run. An open-file-description lock, so that Life() can ask without taking it, and so
// that a fork of the owner holds it too.
#pragma once

#include "launcher/job_dir.h"
#include "launcher/unique_fd.h"

namespace lockstep {

// A locked file that is not yet in its place.
struct PreparedLock {
  UniqueFd fd;
  std::string temporary_path;
};

// Makes the directory, and in it the lock under a temporary name.
Result<PreparedLock> PrepareJobLock(const JobDir& dir);
// Puts it in its place in one step: it is locked the first time anybody sees it. AlreadyExists: the
// directory was used before. errno, or 0; safe in a forked process.
int PublishJobLock(const JobDir& dir, const PreparedLock& lock);

}  // namespace lockstep
