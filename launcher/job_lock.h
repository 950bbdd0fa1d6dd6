// The lock of a job directory: there from the moment a generation starts, held as long as anything
// of it may run. An open-file-description lock, so that Life() can ask without taking it, and so
// that a fork of the owner holds it too.
#pragma once

#include <string>
#include <string_view>

#include "launcher/job_dir.h"
#include "launcher/unique_fd.h"

namespace lockstep {

// A locked file that is not yet in its place.
struct PreparedLock {
  UniqueFd fd;
  std::string temporary_path;
};

// Makes the directory, and in it the lock under a temporary name. The lock holds `tag`, by which
// what the job left is found when nobody who knows it lives.
Result<PreparedLock> PrepareJobLock(const JobDir& dir, std::string_view tag);
// Puts it in its place in one step: it is locked the first time anybody sees it. AlreadyExists: the
// directory was used before. errno, or 0; safe in a forked process.
int PublishJobLock(const JobDir& dir, const PreparedLock& lock);
// Takes the lock of a job that somebody else has begun, for as long as the descriptor lives. Not
// valid: it is held, or there is none.
Result<UniqueFd> TakeJobLock(const JobDir& dir);

}  // namespace lockstep
