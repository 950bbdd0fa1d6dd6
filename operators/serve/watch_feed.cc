#include "operators/serve/watch_feed.h"

#include <utility>

namespace lockstep {
namespace {

const char* TypeName(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kAdded: return "ADDED";
    case Change::Kind::kModified: return "MODIFIED";
    case Change::Kind::kDeleted: return "DELETED";
  }
  CHECK(false) << "no such change";
}

}  // namespace

WatchFeed::WatchFeed(Store& store, const ListFilter& filter, std::function<void()> on_pending)
    : on_pending_(std::move(on_pending)) {
  subscription_ = store.Watch(filter, [this](const Change& change) { Push(change); });
}

void WatchFeed::Push(const Change& change) {
  {
    std::lock_guard lock(mutex_);
    const auto [at, is_new] = pending_.try_emplace(change.key, change);
    if (is_new) {
      order_.push_back(change.key);
    } else {
      const bool untold = at->second.kind == Change::Kind::kAdded;
      at->second = change;
      if (untold && change.kind == Change::Kind::kModified) at->second.kind = Change::Kind::kAdded;
    }
  }
  on_pending_();
}

std::string WatchFeed::TakeLines(std::size_t changes_max) {
  std::deque<Change> taken;
  {
    std::lock_guard lock(mutex_);
    while (!order_.empty() && taken.size() < changes_max) {
      taken.push_back(std::move(pending_.extract(order_.front()).mapped()));
      order_.pop_front();
    }
  }
  std::string lines;
  for (const Change& change : taken) {
    const Json line = {{"type", TypeName(change.kind)}, {"object", EncodeObject(*change.object)}};
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return lines;
}

void WatchFeed::Close() { subscription_.reset(); }

}  // namespace lockstep
