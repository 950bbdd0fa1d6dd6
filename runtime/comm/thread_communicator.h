// thread_communicator: the ranks are threads of this process. The transport of tests, and of a
// group of one.
#pragma once

#include <memory>
#include <vector>

#include "runtime/comm/communicator.h"

namespace lockstep {

// The communicators of ranks 0 .. size-1, each to be used by one thread. A rank whose communicator
// is destroyed has left: peers that wait for it get Unavailable.
// REQUIRES: size >= 1
std::vector<std::unique_ptr<Communicator>> MakeThreadCommunicators(int size);

}  // namespace lockstep
