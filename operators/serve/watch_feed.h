// WatchFeed: what a watcher still has to be told. The newest change of each object replaces the one
// before it, so that a slow watcher costs at most one change an object.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "operators/store/store.h"

namespace lockstep {

// Thread safety: all methods from any thread.
class WatchFeed {
 public:
  // `on_pending` is called from the store's thread after each change.
  WatchFeed(Store& store, const ListFilter& filter, std::function<void()> on_pending);
  ~WatchFeed() { Close(); }

  // JSON lines {"type","object"} of up to `changes_max` changes, oldest first; "" when there is
  // none.
  std::string TakeLines(std::size_t changes_max = 64);
  // on_pending is not running and never called again. Not from inside on_pending.
  void Close();

 private:
  void Push(const Change& change);

  const std::function<void()> on_pending_;
  std::mutex mutex_;
  std::map<ObjectKey, Change> pending_;  // guarded by mutex_
  std::deque<ObjectKey> order_;          // guarded by mutex_
  std::unique_ptr<Subscription> subscription_;
};

}  // namespace lockstep
