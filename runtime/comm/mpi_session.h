// MpiSession: MPI as one resource of the process. It is initialized once, and no two threads are in
// it at a time: MPI_THREAD_SERIALIZED is what every installation has.
#pragma once

#include <mpi.h>

#include <mutex>
#include <string>

#include "runtime/base/status.h"

namespace lockstep {

class MpiSession {
 public:
  // Initializes MPI at the first call, unless the program did. The session lives as long as the
  // process: MPI cannot be initialized twice.
  static Result<MpiSession*> Get();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  // Hold it around every MPI call.
  std::mutex& mutex() { return mutex_; }

 private:
  MpiSession();
  ~MpiSession();

  std::mutex mutex_;
  Status status_;
  bool ours_ = false;  // we initialized it, so we finalize it
};

// Ok, or Internal with what MPI says of `code`.
Status MpiStatus(const char* what, int code);

}  // namespace lockstep
