// RecordingCommunicator: a wrapper that writes down what happens to a group, and can slow it down.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/comm/communicator.h"

namespace lockstep {

// What happened, in order. Thread safety: any thread.
class EventLog {
 public:
  void Add(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  std::vector<std::string> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

// Logs "start COUNT" when an all-reduce starts and "done COUNT" when its Wait returns.
// A slow one carries nothing before somebody waits for it: the slowest network there is.
class RecordingCommunicator final : public Communicator {
 public:
  RecordingCommunicator(Communicator& inner, EventLog& log, bool slow = false)
      : inner_(inner), log_(log), slow_(slow) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<Work> AllReduce(Buffer buffer, ReduceOp op, StreamHandle stream) override {
    log_.Add("start " + std::to_string(buffer.count));
    auto work = std::make_unique<RecordingWork>(
        *this, [=, this] { return inner_.AllReduce(buffer, op, stream); },
        "done " + std::to_string(buffer.count));
    if (!slow_) work->Start();
    return work;
  }
  std::unique_ptr<Work> ReduceScatter(Buffer whole, Buffer part, ReduceOp op,
                                      StreamHandle stream) override {
    return inner_.ReduceScatter(whole, part, op, stream);
  }
  std::unique_ptr<Work> AllGather(Buffer part, Buffer whole, StreamHandle stream) override {
    return inner_.AllGather(part, whole, stream);
  }
  std::unique_ptr<Work> Broadcast(Buffer buffer, int root, StreamHandle stream) override {
    return inner_.Broadcast(buffer, root, stream);
  }
  Result<std::unique_ptr<Communicator>> Split(int color,
                                              std::chrono::milliseconds deadline) override {
    return inner_.Split(color, deadline);
  }
  void Abort(Status reason) override {
    log_.Add("abort");
    inner_.Abort(std::move(reason));
  }

 private:
  class RecordingWork final : public Work {
   public:
    RecordingWork(RecordingCommunicator& owner, std::function<std::unique_ptr<Work>()> start,
                  std::string event)
        : owner_(owner), start_(std::move(start)), event_(std::move(event)) {}
    void Start() { inner_ = start_(); }
    Status Wait(std::chrono::milliseconds deadline) override {
      if (inner_ == nullptr) Start();
      Status status = inner_->Wait(deadline);
      owner_.log_.Add(event_);
      return status;
    }

   private:
    RecordingCommunicator& owner_;
    const std::function<std::unique_ptr<Work>()> start_;
    const std::string event_;
    std::unique_ptr<Work> inner_;
  };

  Communicator& inner_;
  EventLog& log_;
  const bool slow_;
};

}  // namespace lockstep
