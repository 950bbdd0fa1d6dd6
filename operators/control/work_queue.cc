#include "operators/control/work_queue.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace lockstep {

WorkQueue::WorkQueue(Clock& clock, WorkQueueOptions options)
    : clock_(clock),
      options_(options),
      random_(static_cast<std::minstd_rand::result_type>(options.seed + 1)) {}

bool WorkQueue::FullLocked() const { return waiting_.size() + delays_.size() >= options_.keys_max; }

bool WorkQueue::AddLocked(const ObjectKey& key) {
  if (shut_down_ || waiting_.contains(key)) return true;
  if (FullLocked()) return false;
  waiting_.insert(key);
  if (!busy_.contains(key)) {
    ready_.push_back(key);
    changed_.notify_one();
  }
  return true;
}

bool WorkQueue::Add(const ObjectKey& key) {
  std::lock_guard lock(mutex_);
  return AddLocked(key);
}

bool WorkQueue::AddAfterLocked(const ObjectKey& key, std::chrono::milliseconds delay) {
  if (shut_down_) return true;
  const MonotonicTime at = clock_.Monotonic() + delay;
  const auto existing = delays_.find(key);
  if (existing != delays_.end()) {
    if (existing->second <= at) return true;
    EraseDelayLocked(key);
  } else if (FullLocked()) {
    return false;
  }
  delays_.emplace(key, at);
  by_time_.emplace(at, key);
  changed_.notify_one();  // somebody may be asleep until a later time
  return true;
}

bool WorkQueue::AddAfter(const ObjectKey& key, std::chrono::milliseconds delay) {
  std::lock_guard lock(mutex_);
  return AddAfterLocked(key, delay);
}

bool WorkQueue::AddAfterFailure(const ObjectKey& key) {
  std::lock_guard lock(mutex_);
  const int before = failures_[key]++;
  auto delay = options_.backoff_first;
  for (int i = 0; i < before && delay < options_.backoff_max; ++i) delay *= 2;
  delay = std::min(delay, options_.backoff_max);
  const double part = std::uniform_real_distribution<double>(0, options_.jitter)(random_);
  const auto shorter = static_cast<std::int64_t>(static_cast<double>(delay.count()) * (1 - part));
  return AddAfterLocked(key, std::chrono::milliseconds(shorter));
}

void WorkQueue::ClearFailures(const ObjectKey& key) {
  std::lock_guard lock(mutex_);
  failures_.erase(key);
}

void WorkQueue::EraseDelayLocked(const ObjectKey& key) {
  const auto delay = delays_.find(key);
  if (delay == delays_.end()) return;
  by_time_.erase({delay->second, key});
  delays_.erase(delay);
}

std::optional<ObjectKey> WorkQueue::TakeLocked() {
  if (shut_down_) return std::nullopt;
  const MonotonicTime now = clock_.Monotonic();
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const ObjectKey due = by_time_.begin()->second;
    EraseDelayLocked(due);  // before AddLocked, so that a full queue has room for it
    AddLocked(due);
  }
  if (ready_.empty()) return std::nullopt;
  ObjectKey key = ready_.front();
  ready_.pop_front();
  waiting_.erase(key);
  busy_.insert(key);
  EraseDelayLocked(key);  // whoever works on it decides anew when to come back
  return key;
}

std::optional<ObjectKey> WorkQueue::TryGet() {
  std::lock_guard lock(mutex_);
  return TakeLocked();
}

std::optional<ObjectKey> WorkQueue::Get() {
  std::unique_lock lock(mutex_);
  while (!shut_down_) {
    if (std::optional<ObjectKey> key = TakeLocked()) return key;
    if (by_time_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, by_time_.begin()->first - clock_.Monotonic());
    }
  }
  return std::nullopt;
}

void WorkQueue::Done(const ObjectKey& key) {
  std::lock_guard lock(mutex_);
  CHECK(busy_.erase(key) == 1) << key.ToString() << " was not handed out";
  if (!waiting_.contains(key)) return;
  ready_.push_back(key);
  changed_.notify_one();
}

void WorkQueue::ShutDown() {
  std::lock_guard lock(mutex_);
  shut_down_ = true;
  changed_.notify_all();
}

WorkQueueCounts WorkQueue::Counts() const {
  std::lock_guard lock(mutex_);
  return {busy_.size(), waiting_.size(), delays_.size()};
}

std::set<ObjectKey> WorkQueue::Busy() const {
  std::lock_guard lock(mutex_);
  return busy_;
}

}  // namespace lockstep
