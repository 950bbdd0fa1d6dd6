// CompareOverRanks: do all ranks hold the same list of lines? Used on the parameters of a module
// (name, dtype, shape), before a gradient of one rank is added to another one of a different rank.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/comm/communicator.h"

namespace lockstep {

// Collective. Every rank returns the same: ok, or FailedPrecondition naming the first line that
// differs, the rank that differs from rank 0, and both versions.
Status CompareOverRanks(Communicator& group, const std::vector<std::string>& lines,
                        std::chrono::milliseconds deadline);

}  // namespace lockstep
