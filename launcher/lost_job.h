// A job whose launcher and guardian were both killed: nobody of its own is left to clean up.
#pragma once

#include <chrono>

#include "launcher/job_dir.h"

namespace lockstep {

// Does the guardian's work: takes the lock, ends what carries the tag that stands in it, and writes
// exit.json with cause launcher-lost before the lock is free again. Does nothing where the lock is
// held or exit.json is there, so that of many callers one does it. Returns when it is done; `bound`
// is for processes that do not end, of which exit.json tells. REQUIRES: the launcher is gone.
Status EndLostJob(const JobDir& dir, std::chrono::milliseconds bound);

}  // namespace lockstep
