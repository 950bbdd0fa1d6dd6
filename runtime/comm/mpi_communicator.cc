#include "runtime/comm/mpi_communicator.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/comm/host_communicator.h"
#include "runtime/comm/mpi_session.h"
#include "runtime/comm/reduction.h"

namespace lockstep {
namespace {

// Elements of one MPI call: MPI counts are ints, and a chunk bounds what is staged.
constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr int kAbortTag = 1;
constexpr int kAbortBytes = 1024;
constexpr int kSpins = 1000;                   // tests before a waiter yields its CPU
constexpr std::chrono::microseconds kNap{50};  // between tests of a long wait

bool IsNarrow(DataType type) { return type == DataType::kFloat16 || type == DataType::kBFloat16; }

// Float16 and bfloat16 travel as float32: MPI does not know them, and so they are rounded once.
DataType WireType(DataType type) { return IsNarrow(type) ? DataType::kFloat32 : type; }

MPI_Datatype MpiType(DataType type) {
  switch (type) {
    case DataType::kFloat32: return MPI_FLOAT;
    case DataType::kFloat64: return MPI_DOUBLE;
    case DataType::kInt32: return MPI_INT32_T;
    case DataType::kInt64: return MPI_INT64_T;
    case DataType::kFloat16:
    case DataType::kBFloat16: return MPI_UINT16_T;
  }
  CHECK(false) << "data type " << static_cast<int>(type);
}

template <ReduceOp op>
void Extreme(void* in, void* inout, int* length, MPI_Datatype* mpi_type) {
  for (const DataType type :
       {DataType::kFloat32, DataType::kFloat64, DataType::kInt32, DataType::kInt64}) {
    if (*mpi_type != MpiType(type)) continue;
    const std::array<const void*, 2> sources = {in, inout};
    return Reduce(type, op, sources, static_cast<std::size_t>(*length), inout);
  }
}

// MPI_MAX and MPI_MIN leave open what becomes of NaN and of the sign of zero; these keep them, the
// same on every rank because the order is fixed (they do not claim to commute).
struct Extremes {
  MPI_Op max = MPI_OP_NULL;
  MPI_Op min = MPI_OP_NULL;
};

// The MPI communicator of a group and a second one for its abort messages; freed by nobody when the
// group ended early, since MPI may still be at work in them.
struct MpiGroup {
  MPI_Comm data = MPI_COMM_NULL;
  MPI_Comm control = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
};

Result<MpiGroup> MakeGroup(MPI_Comm parent, int color, int key) {
  MpiGroup group;
  LOCKSTEP_RETURN_IF_ERROR(
      MpiStatus("MPI_Comm_split", MPI_Comm_split(parent, color, key, &group.data)));
  MPI_Comm_set_errhandler(group.data, MPI_ERRORS_RETURN);
  LOCKSTEP_RETURN_IF_ERROR(MpiStatus("MPI_Comm_dup", MPI_Comm_dup(group.data, &group.control)));
  MPI_Comm_set_errhandler(group.control, MPI_ERRORS_RETURN);
  MPI_Comm_rank(group.data, &group.rank);
  MPI_Comm_size(group.data, &group.size);
  return group;
}

class MpiEngine final : public Engine {
 public:
  MpiEngine(MpiSession& session, MpiGroup group) : session_(session), group_(group) {
    const std::lock_guard lock(session_.mutex());
    MPI_Op_create(Extreme<ReduceOp::kMax>, /*commute=*/0, &extremes_.max);
    MPI_Op_create(Extreme<ReduceOp::kMin>, /*commute=*/0, &extremes_.min);
  }

  ~MpiEngine() override {
    const std::lock_guard lock(session_.mutex());
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized != 0) return;
    if (ended_) {
      // MPI may still be at work in what it was given: left to it until the process ends.
      (void)new std::vector<std::byte>(std::move(staged_));
      return;
    }
    MPI_Op_free(&extremes_.max);
    MPI_Op_free(&extremes_.min);
    // MPI_Comm_free is collective and waits for no peer in Open MPI and MPICH.
    MPI_Comm_free(&group_.control);
    MPI_Comm_free(&group_.data);
  }

  int rank() const override { return group_.rank; }
  int size() const override { return group_.size; }

  Status Run(const Collective& collective, std::uint64_t) override {
    // At least one call: an empty operation is a meeting, too. MPI skips empty reductions.
    if (collective.shape.count == 0)
      return Await("MPI_Ibarrier",
                   [this](MPI_Request* request) { return MPI_Ibarrier(group_.data, request); });
    switch (collective.shape.kind) {
      case CollectiveKind::kAllReduce: return AllReduce(collective);
      case CollectiveKind::kReduceScatter: return ReduceScatter(collective);
      case CollectiveKind::kAllGather: return AllGather(collective);
      case CollectiveKind::kBroadcast: return Broadcast(collective);
    }
    return OkStatus();
  }

  void Abort(const Status& reason) override {
    {
      const std::lock_guard lock(reason_mutex_);
      if (!reason_.ok()) return;
      reason_ = reason;
    }
    ended_ = true;
    const std::lock_guard lock(session_.mutex());
    TellPeers(reason);
  }

  std::string WaitingFor() override { return "a peer is late (MPI cannot say which)"; }

  Result<std::unique_ptr<Engine>> Split(const std::vector<int>& members, int, std::uint64_t,
                                        MonotonicTime) override {
    MpiGroup group;
    {
      const std::lock_guard lock(session_.mutex());
      // MPI colors are not negative; the lowest member's rank names the group as well.
      LOCKSTEP_ASSIGN_OR_RETURN(group, MakeGroup(group_.data, members[0], group_.rank));
    }
    return std::unique_ptr<Engine>(std::make_unique<MpiEngine>(session_, group));
  }

 private:
  MPI_Op OpOf(ReduceOp op) const {
    switch (op) {
      case ReduceOp::kSum:
      case ReduceOp::kAverage: return MPI_SUM;
      case ReduceOp::kMax: return extremes_.max;
      case ReduceOp::kMin: return extremes_.min;
    }
    CHECK(false) << "reduction " << static_cast<int>(op);
  }

  // Begins one non-blocking operation and sees it to its end, or to the group's.
  template <class Begin>
  Status Await(const char* what, const Begin& begin) {
    MPI_Request request = MPI_REQUEST_NULL;
    {
      const std::lock_guard lock(session_.mutex());
      HearPeers();
      if (ended_) return reason();
      LOCKSTEP_RETURN_IF_ERROR(MpiStatus(what, begin(&request)));
    }
    for (int tries = 0;; ++tries) {
      {
        const std::lock_guard lock(session_.mutex());
        int done = 0;
        LOCKSTEP_RETURN_IF_ERROR(MpiStatus(what, MPI_Test(&request, &done, MPI_STATUS_IGNORE)));
        if (done != 0) return OkStatus();
        if (tries % 16 == 15) HearPeers();
      }
      if (ended_) return reason();
      if (tries > kSpins) {
        std::this_thread::sleep_for(kNap);  // MPI has nothing to wait on for a request and an abort
      } else if (tries % 16 == 15) {
        std::this_thread::yield();
      }
    }
  }

  // Once. Short enough to be sent eagerly: it leaves without the peer's help.
  void TellPeers(const Status& status) {
    told_[0] = static_cast<char>(status.kind());
    const std::size_t length = std::min(status.message().size(), told_.size() - 2);
    std::memcpy(told_.data() + 1, status.message().data(), length);
    for (int peer = 0; peer < group_.size; ++peer) {
      if (peer == group_.rank) continue;
      MPI_Request request = MPI_REQUEST_NULL;
      if (MPI_Isend(told_.data(), kAbortBytes, MPI_CHAR, peer, kAbortTag, group_.control,
                    &request) == MPI_SUCCESS)
        MPI_Request_free(&request);
    }
  }

  void HearPeers() {
    int heard = 0;
    MPI_Status from;
    if (MPI_Iprobe(MPI_ANY_SOURCE, kAbortTag, group_.control, &heard, &from) != MPI_SUCCESS ||
        heard == 0)
      return;
    std::array<char, kAbortBytes> text = {};
    if (MPI_Recv(text.data(), kAbortBytes, MPI_CHAR, from.MPI_SOURCE, kAbortTag, group_.control,
                 MPI_STATUS_IGNORE) != MPI_SUCCESS)
      return;
    text.back() = '\0';
    const std::lock_guard lock(reason_mutex_);
    if (reason_.ok()) reason_ = Status(static_cast<StatusKind>(text[0]), text.data() + 1);
    ended_ = true;
  }

  Status reason() {
    const std::lock_guard lock(reason_mutex_);
    return reason_;
  }

  // Room for `wire_elements` in the buffer that MPI works in. Never in the caller's: MPI cannot
  // cancel a collective, and the caller gets its buffer back whatever happens.
  std::byte* Stage(DataType wire, std::size_t wire_elements) {
    const std::size_t bytes = wire_elements * DataTypeBytes(wire);
    if (staged_.size() < bytes) staged_.resize(bytes);
    return staged_.data();
  }

  Status AllReduce(const Collective& collective) {
    const CollectiveShape& shape = collective.shape;
    const DataType wire = WireType(shape.type);
    std::byte* data = Stage(wire, std::min<std::size_t>(kChunk, shape.count));
    for (std::size_t first = 0; first < shape.count; first += kChunk) {
      const std::size_t count = std::min<std::size_t>(kChunk, shape.count - first);
      std::byte* target = collective.target + first * DataTypeBytes(shape.type);
      Widen(shape.type, target, count, data);
      LOCKSTEP_RETURN_IF_ERROR(Await("MPI_Iallreduce", [&](MPI_Request* request) {
        return MPI_Iallreduce(MPI_IN_PLACE, data, static_cast<int>(count), MpiType(wire),
                              OpOf(shape.op), group_.data, request);
      }));
      if (shape.op == ReduceOp::kAverage) Divide(wire, data, count, group_.size);
      Narrow(shape.type, data, count, target);
    }
    return OkStatus();
  }

  Status ReduceScatter(const Collective& collective) {
    const CollectiveShape& shape = collective.shape;
    const auto size = static_cast<std::size_t>(group_.size);
    const std::size_t element = DataTypeBytes(shape.type);
    const DataType wire = WireType(shape.type);
    const std::size_t chunk = std::min<std::size_t>(kChunk / size + 1, shape.count);
    std::byte* data = Stage(wire, chunk * (size + 1));
    for (std::size_t first = 0; first < shape.count; first += chunk) {
      const std::size_t count = std::min(chunk, shape.count - first);
      const std::size_t wire_bytes = count * DataTypeBytes(wire);
      for (std::size_t peer = 0; peer < size; ++peer)
        Widen(shape.type, collective.source + (peer * shape.count + first) * element, count,
              data + peer * wire_bytes);
      std::byte* result = data + size * wire_bytes;
      LOCKSTEP_RETURN_IF_ERROR(Await("MPI_Ireduce_scatter_block", [&](MPI_Request* request) {
        return MPI_Ireduce_scatter_block(data, result, static_cast<int>(count), MpiType(wire),
                                         OpOf(shape.op), group_.data, request);
      }));
      if (shape.op == ReduceOp::kAverage) Divide(wire, result, count, group_.size);
      Narrow(shape.type, result, count, collective.target + first * element);
    }
    return OkStatus();
  }

  Status AllGather(const Collective& collective) {
    const CollectiveShape& shape = collective.shape;
    const auto size = static_cast<std::size_t>(group_.size);
    const std::size_t element = DataTypeBytes(shape.type);
    const std::size_t chunk = std::min<std::size_t>(kChunk / size + 1, shape.count);
    std::byte* data = Stage(shape.type, chunk * (size + 1));
    for (std::size_t first = 0; first < shape.count; first += chunk) {
      const std::size_t count = std::min(chunk, shape.count - first);
      std::byte* part = data + size * count * element;
      std::memcpy(part, collective.source + first * element, count * element);
      LOCKSTEP_RETURN_IF_ERROR(Await("MPI_Iallgather", [&](MPI_Request* request) {
        return MPI_Iallgather(part, static_cast<int>(count), MpiType(shape.type), data,
                              static_cast<int>(count), MpiType(shape.type), group_.data, request);
      }));
      for (std::size_t peer = 0; peer < size; ++peer)
        std::memcpy(collective.target + (peer * shape.count + first) * element,
                    data + peer * count * element, count * element);
    }
    return OkStatus();
  }

  Status Broadcast(const Collective& collective) {
    const CollectiveShape& shape = collective.shape;
    const std::size_t element = DataTypeBytes(shape.type);
    std::byte* data = Stage(shape.type, std::min<std::size_t>(kChunk, shape.count));
    for (std::size_t first = 0; first < shape.count; first += kChunk) {
      const std::size_t count = std::min<std::size_t>(kChunk, shape.count - first);
      std::byte* target = collective.target + first * element;
      std::memcpy(data, target, count * element);
      LOCKSTEP_RETURN_IF_ERROR(Await("MPI_Ibcast", [&](MPI_Request* request) {
        return MPI_Ibcast(data, static_cast<int>(count), MpiType(shape.type), shape.root,
                          group_.data, request);
      }));
      std::memcpy(target, data, count * element);
    }
    return OkStatus();
  }

  static void Widen(DataType type, const std::byte* from, std::size_t count, std::byte* to) {
    if (IsNarrow(type)) return WidenToFloat(type, from, count, reinterpret_cast<float*>(to));
    std::memcpy(to, from, count * DataTypeBytes(type));
  }
  static void Narrow(DataType type, const std::byte* from, std::size_t count, std::byte* to) {
    if (IsNarrow(type))
      return NarrowFromFloat(type, reinterpret_cast<const float*>(from), count, to);
    std::memcpy(to, from, count * DataTypeBytes(type));
  }

  MpiSession& session_;
  MpiGroup group_;
  Extremes extremes_;
  std::vector<std::byte> staged_;
  std::array<char, kAbortBytes> told_ = {};  // outlives the sends: written once
  std::mutex reason_mutex_;
  Status reason_;  // guarded by reason_mutex_
  std::atomic<bool> ended_ = false;
};

}  // namespace

Result<std::unique_ptr<Communicator>> OpenMpiCommunicator(int rank, int size) {
  LOCKSTEP_ASSIGN_OR_RETURN(MpiSession* const session, MpiSession::Get());
  MpiGroup group;
  {
    const std::lock_guard lock(session->mutex());
    int mpi_rank = 0;
    int mpi_size = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &mpi_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &mpi_size);
    if (mpi_rank != rank || mpi_size != size)
      return FailedPrecondition(
          "the launcher announced rank " + std::to_string(rank) + " of " + std::to_string(size) +
          ", but MPI says rank " + std::to_string(mpi_rank) + " of " + std::to_string(mpi_size) +
          ": this program was built with another MPI than the launcher's, or not started by an "
          "MPI launcher");
    LOCKSTEP_ASSIGN_OR_RETURN(group, MakeGroup(MPI_COMM_WORLD, 0, rank));
  }
  return std::unique_ptr<Communicator>(
      std::make_unique<HostCommunicator>(std::make_unique<MpiEngine>(*session, group)));
}

}  // namespace lockstep
