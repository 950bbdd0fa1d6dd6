// A queue of keys to reconcile.
//
// A key is in it once, however often it is added; a key that is being worked on and is added again
// is handed out once more after Done, so that one worker at a time has a key and no change is
// missed. Delays and back-off are kept here too, so that "nothing to do" is one question.
//
// Thread safety: all methods from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "operators/api/meta.h"
#include "runtime/base/clock.h"

namespace lockstep {

struct WorkQueueOptions {
  std::chrono::milliseconds backoff_first{50};  // doubles with each failure of the key
  std::chrono::milliseconds backoff_max{30'000};
  double jitter = 0.2;  // a back-off is shortened by up to this part, so that retries spread
  std::uint64_t seed = 0;
  std::size_t keys_max = 1'000'000;  // ready and delayed together
};

struct WorkQueueCounts {
  std::size_t busy = 0;     // handed out, not Done yet
  std::size_t queued = 0;   // ready, or to be handed out again after Done
  std::size_t delayed = 0;  // waiting for their time
  bool idle() const { return busy + queued + delayed == 0; }
};

class WorkQueue {
 public:
  explicit WorkQueue(Clock& clock, WorkQueueOptions options = {});

  // Each returns false when the queue is full: the key was not added. Once shut down, they do
  // nothing.
  bool Add(const ObjectKey& key);
  // The earliest time asked for counts.
  bool AddAfter(const ObjectKey& key, std::chrono::milliseconds delay);
  // After a failure: backoff_first, doubled for each failure since ClearFailures.
  bool AddAfterFailure(const ObjectKey& key);
  void ClearFailures(const ObjectKey& key);

  // Hands out the oldest ready key; its delay, if it had one too, is used up. Waits (in real time:
  // a FakeClock's user calls TryGet) until there is one; nullopt once shut down.
  std::optional<ObjectKey> Get();
  // nullopt: none is ready.
  std::optional<ObjectKey> TryGet();
  // REQUIRES: the key was handed out.
  void Done(const ObjectKey& key);

  // Nothing is handed out any more. What was handed out may still be Done.
  void ShutDown();
  WorkQueueCounts Counts() const;
  std::set<ObjectKey> Busy() const;  // handed out, not Done yet

 private:
  bool AddLocked(const ObjectKey& key);
  bool AddAfterLocked(const ObjectKey& key, std::chrono::milliseconds delay);
  void EraseDelayLocked(const ObjectKey& key);
  std::optional<ObjectKey> TakeLocked();
  bool FullLocked() const;

  Clock& clock_;
  const WorkQueueOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_ from here on.
  std::deque<ObjectKey> ready_;
  std::set<ObjectKey> waiting_;  // in ready_, or busy and to be handed out again
  std::set<ObjectKey> busy_;
  std::map<ObjectKey, MonotonicTime> delays_;
  std::set<std::pair<MonotonicTime, ObjectKey>> by_time_;  // delays_, by time
  std::map<ObjectKey, int> failures_;
  std::minstd_rand random_;
  bool shut_down_ = false;
};

}  // namespace lockstep
