#include "runtime/comm/mpi_session.h"

namespace lockstep {

MpiSession::MpiSession() {
  int initialized = 0;
  int finalized = 0;
  int provided = MPI_THREAD_SINGLE;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (finalized != 0) {
    status_ = FailedPrecondition("MPI was finalized before the communicator was opened");
    return;
  }
  if (initialized != 0) {
    MPI_Query_thread(&provided);
  } else {
    status_ = MpiStatus("MPI_Init_thread",
                        MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided));
    ours_ = status_.ok();
  }
  if (status_.ok() && provided < MPI_THREAD_SERIALIZED)
    status_ = FailedPrecondition(
        "MPI was initialized without threads: call MPI_Init_thread with MPI_THREAD_SERIALIZED or "
        "more, or let OpenCommunicator initialize MPI");
}

MpiSession::~MpiSession() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (ours_ && finalized == 0) MPI_Finalize();
}

Result<MpiSession*> MpiSession::Get() {
  static MpiSession session;
  if (!session.status_.ok()) return session.status_;
  return &session;
}

Status MpiStatus(const char* what, int code) {
  if (code == MPI_SUCCESS) return OkStatus();
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  return Internal(std::string(what) + ": " + std::string(text, static_cast<std::size_t>(length)));
}

}  // namespace lockstep
