#include "runtime/comm/host_communicator.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace lockstep {
namespace {

struct Operation {
  Collective collective;
  std::uint64_t sequence = 0;
  std::optional<Status> outcome;  // guarded by the queue's mutex
};

class FailedWork final : public Work {
 public:
  explicit FailedWork(Status status) : status_(std::move(status)) {}
  Status Wait(std::chrono::milliseconds) override { return status_; }

 private:
  Status status_;
};

}  // namespace

class HostCommunicator::Queue {
 public:
  explicit Queue(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  Engine& engine() { return *engine_; }

  // Nullptr when the group has ended, or has too much in flight: see ended().
  std::shared_ptr<Operation> Push(const Collective& collective) {
    std::unique_lock lock(mutex_);
    const std::uint64_t sequence = next_sequence_++;
    if (!ended_.ok()) return nullptr;
    if (waiting_.size() >= kOperationsInFlightMax) {
      lock.unlock();
      End(FailedPrecondition(std::to_string(kOperationsInFlightMax) +
                             " operations are in flight: wait for some of them"));
      return nullptr;
    }
    auto operation = std::make_shared<Operation>(Operation{collective, sequence, std::nullopt});
    waiting_.push_back(operation);
    pushed_.notify_one();
    return operation;
  }

  // The progress thread.
  void RunAll() {
    std::unique_lock lock(mutex_);
    while (true) {
      pushed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const std::shared_ptr<Operation> operation = waiting_.front();
      waiting_.pop_front();
      if (ended_.ok()) {
        running_ = operation;
        lock.unlock();
        Status outcome = engine_->Run(operation->collective, operation->sequence);
        if (!outcome.ok()) End(outcome);
        lock.lock();
        running_ = nullptr;
        operation->outcome = std::move(outcome);
      } else {
        operation->outcome = ended_;
      }
      finished_.notify_all();
    }
  }

  // Returns when the progress thread has let go of the buffer, whatever happened.
  Status Wait(Operation& operation, std::chrono::milliseconds deadline) {
    const auto done = [&operation] { return operation.outcome.has_value(); };
    std::unique_lock lock(mutex_);
    if (finished_.wait_for(lock, deadline, done)) return *operation.outcome;
    lock.unlock();
    std::string missing = engine_->WaitingFor();
    if (missing.empty()) missing = "the group has not finished it";
    const Status late =
        DeadlineExceeded(DescribeCollective(operation.collective.shape, operation.sequence) + ": " +
                         missing + " within " + std::to_string(deadline.count()) + " ms");
    End(late, Aborted("rank " + std::to_string(engine_->rank()) + " gave up: " + late.message()));
    Settle(operation);
    return operation.outcome->ok() ? OkStatus() : late;
  }

  // Until the progress thread has let go of the buffer. Short once the group has ended.
  void Settle(Operation& operation) {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&operation] { return operation.outcome.has_value(); });
  }

  // Ends the group with `reason`, and with `for_peers` on the others. The first reason stands.
  void End(const Status& reason) { End(reason, reason); }
  void End(const Status& reason, const Status& for_peers) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || !ended_.ok()) return;
      ended_ = reason;
    }
    engine_->Abort(for_peers);
  }

  Status ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  bool Busy() {
    const std::lock_guard lock(mutex_);
    return running_ != nullptr || !waiting_.empty();
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (ended_.ok()) ended_ = Aborted("the communicator is closed");
    pushed_.notify_one();
  }

 private:
  const std::unique_ptr<Engine> engine_;
  std::mutex mutex_;
  std::condition_variable pushed_;
  std::condition_variable finished_;
  std::deque<std::shared_ptr<Operation>> waiting_;  // guarded by mutex_, as all below
  std::shared_ptr<Operation> running_;
  std::uint64_t next_sequence_ = 0;
  Status ended_;
  bool closed_ = false;
};

class HostCommunicator::QueuedWork final : public Work {
 public:
  QueuedWork(std::shared_ptr<Queue> queue, std::shared_ptr<Operation> operation)
      : queue_(std::move(queue)), operation_(std::move(operation)) {}

  ~QueuedWork() override {
    if (waited_) return;
    queue_->End(Aborted("rank " + std::to_string(queue_->engine().rank()) + " dropped " +
                        DescribeCollective(operation_->collective.shape, operation_->sequence) +
                        " without waiting for it"));
    queue_->Settle(*operation_);  // the caller frees the buffer next
  }

  Status Wait(std::chrono::milliseconds deadline) override {
    CHECK(!waited_) << "Work::Wait may be called once";
    waited_ = true;
    return queue_->Wait(*operation_, deadline);
  }

 private:
  const std::shared_ptr<Queue> queue_;
  const std::shared_ptr<Operation> operation_;
  bool waited_ = false;
};

HostCommunicator::HostCommunicator(std::unique_ptr<Engine> engine)
    : rank_(engine->rank()),
      size_(engine->size()),
      queue_(std::make_shared<Queue>(std::move(engine))),
      progress_([queue = queue_.get()] { queue->RunAll(); }) {}

HostCommunicator::~HostCommunicator() {
  if (queue_->Busy())
    queue_->End(Aborted("rank " + std::to_string(rank_) +
                        " closed its communicator with operations in flight"));
  queue_->Close();
  progress_.join();
}

std::unique_ptr<Work> HostCommunicator::Start(Result<Collective> collective) {
  if (!collective.ok()) return std::make_unique<FailedWork>(collective.status());
  auto operation = queue_->Push(*collective);
  if (operation == nullptr) return std::make_unique<FailedWork>(queue_->ended());
  return std::make_unique<QueuedWork>(queue_, std::move(operation));
}

std::unique_ptr<Work> HostCommunicator::AllReduce(Buffer buffer, ReduceOp op, StreamHandle stream) {
  return Start(MakeAllReduce(buffer, op, stream));
}

std::unique_ptr<Work> HostCommunicator::ReduceScatter(Buffer whole, Buffer part, ReduceOp op,
                                                      StreamHandle stream) {
  return Start(MakeReduceScatter(whole, part, op, size_, stream));
}

std::unique_ptr<Work> HostCommunicator::AllGather(Buffer part, Buffer whole, StreamHandle stream) {
  return Start(MakeAllGather(part, whole, size_, stream));
}

std::unique_ptr<Work> HostCommunicator::Broadcast(Buffer buffer, int root, StreamHandle stream) {
  return Start(MakeBroadcast(buffer, root, size_, stream));
}

Result<std::unique_ptr<Communicator>> HostCommunicator::Split(int color,
                                                              std::chrono::milliseconds deadline) {
  const MonotonicTime until = std::chrono::steady_clock::now() + deadline;
  std::vector<std::int64_t> colors(size_);
  std::int64_t mine = color;
  // The sequence number travels with the colors: a rank that called less or more says so here.
  const auto gathered = queue_->Push(
      *MakeAllGather({&mine, 1, DataType::kInt64}, {colors.data(), colors.size(), DataType::kInt64},
                     size_, nullptr));
  if (gathered == nullptr) return queue_->ended().WithContext("split");
  LOCKSTEP_RETURN_IF_ERROR(queue_->Wait(*gathered, deadline).WithContext("split"));
  std::vector<int> members;
  for (int peer = 0; peer < size_; ++peer)
    if (colors[peer] == color) members.push_back(peer);
  LOCKSTEP_ASSIGN_OR_RETURN(auto engine,
                            queue_->engine().Split(members, color, gathered->sequence, until));
  return std::unique_ptr<Communicator>(std::make_unique<HostCommunicator>(std::move(engine)));
}

void HostCommunicator::Abort(Status reason) {
  queue_->End(Aborted("rank " + std::to_string(rank_) + " aborted: " + reason.ToString()));
}

}  // namespace lockstep
