// open_communicator: the one place that chooses a transport.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "runtime/base/job_env.h"
#include "runtime/comm/communicator.h"

namespace lockstep {

struct CommunicatorOptions {
  std::string transport =
      "auto";  // auto, shm, mpi; LOCKSTEP_TRANSPORT overrides auto in the examples
  std::chrono::milliseconds open_deadline{60'000};
};

struct OpenedCommunicator {
  std::unique_ptr<Communicator> communicator;
  std::string why;  // one line for the log: "shm: 4 ranks on this host"
};

// Collective over the job's ranks. InvalidArgument: an unknown transport. FailedPrecondition: one
// that cannot work here (an MPI launcher around a build without MPI, shm over several hosts,
// MPI_Comm_size different from what the launcher announced). Unavailable and DeadlineExceeded name
// the ranks that did not come, where the transport can tell.
Result<OpenedCommunicator> OpenCommunicator(const JobEnv& env, const CommunicatorOptions& options);

}  // namespace lockstep
