#include "runtime/comm/communicator.h"

namespace lockstep {

Status Barrier(Communicator& group, std::chrono::milliseconds deadline) {
  return group.AllReduce({}, ReduceOp::kSum, nullptr)->Wait(deadline);
}

}  // namespace lockstep
