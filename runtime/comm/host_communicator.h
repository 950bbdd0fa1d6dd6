// HostCommunicator: a Communicator for host memory over an Engine. One progress thread runs the
// operations in the order of the calls, so that they overlap with the caller's work.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "runtime/comm/communicator.h"
#include "runtime/comm/engine.h"

namespace lockstep {

// More operations than this in flight mean that the caller never waits.
inline constexpr std::size_t kOperationsInFlightMax = 4096;

class HostCommunicator final : public Communicator {
 public:
  explicit HostCommunicator(std::unique_ptr<Engine> engine);
  // Operations in flight end with Aborted.
  ~HostCommunicator() override;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::unique_ptr<Work> AllReduce(Buffer buffer, ReduceOp op, StreamHandle stream) override;
  std::unique_ptr<Work> ReduceScatter(Buffer whole, Buffer part, ReduceOp op,
                                      StreamHandle stream) override;
  std::unique_ptr<Work> AllGather(Buffer part, Buffer whole, StreamHandle stream) override;
  std::unique_ptr<Work> Broadcast(Buffer buffer, int root, StreamHandle stream) override;
  Result<std::unique_ptr<Communicator>> Split(int color,
                                              std::chrono::milliseconds deadline) override;
  void Abort(Status reason) override;

 private:
  class Queue;  // shared with the Works, which may outlive the communicator
  class QueuedWork;

  std::unique_ptr<Work> Start(Result<Collective> collective);

  const int rank_;
  const int size_;
  std::shared_ptr<Queue> queue_;
  std::thread progress_;
};

}  // namespace lockstep
