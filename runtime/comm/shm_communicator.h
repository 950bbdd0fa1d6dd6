// shm_communicator: the ranks are processes (or threads) of one host and share memory.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/comm/communicator.h"

namespace lockstep {

// Collective over `size` ranks of this host and user. `key` names the group: the same on all of its
// ranks, unique among the groups of the host (job, generation). InvalidArgument: more than 256
// ranks, ranks that disagree about the size, one rank claimed twice. DeadlineExceeded names the
// ranks that did not come.
Result<std::unique_ptr<Communicator>> OpenShmCommunicator(const std::string& key, int rank,
                                                          int size,
                                                          std::chrono::milliseconds deadline);

// All ranks of a group whose ranks are threads of this process.
Result<std::vector<std::unique_ptr<Communicator>>> MakeShmThreadCommunicators(int size);

}  // namespace lockstep
