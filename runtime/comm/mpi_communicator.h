// mpi_communicator: the ranks are those of MPI_COMM_WORLD, on as many hosts as there are.
//
// MPI cannot say which rank is missing, cannot tell a breach of the order, and cannot cancel a
// collective. So data passes through buffers of our own; a deadline ends the wait here and tells
// the peers by a message, which they hear when they next run an operation of this group; and a peer
// that is gone is for mpirun to find, which then ends all ranks. MPI_Init and the making of groups
// have no deadline.
#pragma once

#include <memory>

#include "runtime/comm/communicator.h"

namespace lockstep {

// Collective over MPI_COMM_WORLD; initializes MPI unless the program did, and finalizes it, then,
// at the end of the process. `rank` and `size` are what the launcher announced. FailedPrecondition:
// the build has no MPI; MPI's own rank or size differ (another MPI started the program, or none
// did); the program initialized MPI with less than MPI_THREAD_SERIALIZED; MPI was finalized.
Result<std::unique_ptr<Communicator>> OpenMpiCommunicator(int rank, int size);

}  // namespace lockstep
