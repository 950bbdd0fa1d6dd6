// Stands in for mpi_communicator.cc in a build without MPI.
#include "runtime/comm/mpi_communicator.h"

namespace lockstep {

Result<std::unique_ptr<Communicator>> OpenMpiCommunicator(int, int size) {
  return FailedPrecondition("this build has no MPI, but the launcher started " +
                            std::to_string(size) +
                            " MPI ranks: build with -DLOCKSTEP_WITH_MPI=ON, or start the ranks "
                            "with lockstep run");
}

}  // namespace lockstep
