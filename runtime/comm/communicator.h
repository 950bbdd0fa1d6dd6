// A Communicator is one rank's membership in a fixed group of ranks that reduce and exchange
// buffers together.
//
// Collective order. All ranks call the same operations with the same counts, types and ops, in the
// same order. A transport that can tell (sequence number and shape travel with the data) answers a
// breach with FailedPrecondition naming both ranks and both operations; one that cannot may only
// time out.
//
// Asynchrony. An operation returns at once with a Work. From the call until Work::Wait has
// returned, the buffer belongs to the communicator: it is neither read nor written by the caller,
// nor freed. With a device buffer, work is ordered after what `stream` holds at the call, and Wait
// makes `stream` wait for it: the host is blocked only by a host buffer or by an error.
//
// Failure. Every wait has a deadline. After DeadlineExceeded, Aborted or Unavailable the group is
// unusable: Abort it and open the next generation. A transport that can see its peers names the one
// that is missing
// ("rank 3 on h2 never entered all-reduce #812"); MPI cannot: there the launcher names it.
//
// Thread safety: one thread at a time, except Abort, which any thread may call at any moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/status.h"

namespace lockstep {

enum class DataType : std::uint8_t { kFloat32, kFloat64, kFloat16, kBFloat16, kInt32, kInt64 };
enum class ReduceOp : std::uint8_t { kSum, kAverage, kMax, kMin };

// `count` elements of `type` at `data`, in host or device memory; not owned.
struct Buffer {
  void* data = nullptr;
  std::size_t count = 0;
  DataType type = DataType::kFloat32;
};

// A CUDA stream, or null for host memory. Opaque, so that no CUDA header is needed here.
using StreamHandle = void*;

class Work {
 public:
  virtual ~Work() =
      default;  // A Work dropped before Wait aborts the group: a buffer is never left in flight.
  // Blocks until the operation is done here (host buffer) or is ordered before what follows on the
  // stream (device buffer). DeadlineExceeded, Aborted, Unavailable as above. May be called once.
  virtual Status Wait(std::chrono::milliseconds deadline) = 0;
};

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  // 0 <= rank < size
  virtual int size() const = 0;  // 1 is legal: every operation is then the identity

  // In place: afterwards `buffer` holds op over all ranks' buffers, bit for bit the same on every
  // rank.
  virtual std::unique_ptr<Work> AllReduce(Buffer buffer, ReduceOp op, StreamHandle stream) = 0;
  // `whole.count` is size() * part.count; `part` may be the rank-th part of `whole`.
  virtual std::unique_ptr<Work> ReduceScatter(Buffer whole, Buffer part, ReduceOp op,
                                              StreamHandle stream) = 0;
  virtual std::unique_ptr<Work> AllGather(Buffer part, Buffer whole, StreamHandle stream) = 0;
  virtual std::unique_ptr<Work> Broadcast(Buffer buffer, int root, StreamHandle stream) = 0;

  // A new group of the ranks that pass the same `color`, ordered by their rank here. Collective.
  virtual Result<std::unique_ptr<Communicator>> Split(int color,
                                                      std::chrono::milliseconds deadline) = 0;

  // Ends every Work of this group with Aborted, here now and on the peers as soon as they notice.
  virtual void Abort(Status reason) = 0;
};

// An all-reduce of nothing: returns when every rank has entered it.
Status Barrier(Communicator& group, std::chrono::milliseconds deadline);

}  // namespace lockstep
