// RecordingCommunicator: a wrapper that writes down what happens to a group, and can hold it up.
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
// `before_wait` runs before each Wait and may block: a slow network.
class RecordingCommunicator final : public Communicator {
 public:
  RecordingCommunicator(Communicator& inner, EventLog& log, std::function<void()> before_wait = {})
      : inner_(inner), log_(log), before_wait_(std::move(before_wait)) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<Work> AllReduce(Buffer buffer, ReduceOp op, StreamHandle stream) override {
    log_.Add("start " + std::to_string(buffer.count));
    return std::make_unique<RecordingWork>(*this, inner_.AllReduce(buffer, op, stream),
                                           "done " + std::to_string(buffer.count));
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
    RecordingWork(RecordingCommunicator& owner, std::unique_ptr<Work> inner, std::string event)
        : owner_(owner), inner_(std::move(inner)), event_(std::move(event)) {}
    Status Wait(std::chrono::milliseconds deadline) override {
      if (owner_.before_wait_) owner_.before_wait_();
      Status status = inner_->Wait(deadline);
      owner_.log_.Add(event_);
      return status;
    }

   private:
    RecordingCommunicator& owner_;
    const std::unique_ptr<Work> inner_;
    const std::string event_;
  };

  Communicator& inner_;
  EventLog& log_;
  const std::function<void()> before_wait_;
};

}  // namespace lockstep
