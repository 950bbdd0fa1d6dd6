// ChangeFeed: tells subscribers what changed, from one thread of its own.
//
// A slow subscriber holds up nobody's writes: changes wait for it, later states of an object
// replacing earlier ones, so that what waits is bounded by the objects that there are.
//
// Thread safety: all methods from any thread. Subscriptions may outlive the feed.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "operators/store/store.h"

namespace lockstep {

bool Matches(const ListFilter& filter, const Object& object);

class ChangeFeed {
 public:
  ChangeFeed();
  ~ChangeFeed();  // changes that still wait are dropped

  // `now`: the objects that match, to be told first.
  std::unique_ptr<Subscription> Subscribe(const ListFilter& filter,
                                          const std::vector<ObjectPtr>& now,
                                          std::function<void(const Change&)> on_change);
  // One object went from `before` (null: it was not there) to `after` (null: it is gone; `last` is
  // what subscribers are shown of it). A change of labels may make it appear or vanish for a
  // filter.
  void Tell(const ObjectPtr& before, const ObjectPtr& after, const ObjectPtr& last);

 private:
  struct Hub;
  class Handle;
  const std::shared_ptr<Hub> hub_;
  std::thread thread_;
};

}  // namespace lockstep
