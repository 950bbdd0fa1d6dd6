// shm_rendezvous: how the ranks of one host find the memory they share.
//
// Rank 0 listens on an abstract Unix socket named after `key` and the user; the others connect and
// are handed the memory file. An abstract socket vanishes with its process: nothing is left behind.
#pragma once

#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"

namespace lockstep {

// Collective over ranks 0 .. size-1; `key` must be unique among the groups of a host. Rank 0 passes
// its `file`, the others -1. Returns a descriptor of the file, to be closed. DeadlineExceeded names
// the ranks that did not come; InvalidArgument: the ranks disagree about the size, or two of them
// claim one rank.
Result<int> MeetAndShareFile(const std::string& key, int rank, int size, int file,
                             MonotonicTime deadline);

}  // namespace lockstep
