#include "operators/store/change_feed.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <utility>

namespace lockstep {
namespace {

struct Subscriber {
  ListFilter filter;
  std::function<void(const Change&)> on_change;
  std::list<Change> waiting;
  std::map<ObjectKey, std::list<Change>::iterator> last_of;  // an object's last waiting change

  void Add(Change change) {
    const auto found = last_of.find(change.key);
    if (found != last_of.end() && change.kind == Change::Kind::kModified) {
      found->second->object = std::move(change.object);  // still kAdded to who saw nothing yet
      return;
    }
    waiting.push_back(std::move(change));
    last_of[waiting.back().key] = std::prev(waiting.end());
  }
  Change Take() {
    const auto found = last_of.find(waiting.front().key);
    if (found->second == waiting.begin()) last_of.erase(found);
    Change change = std::move(waiting.front());
    waiting.pop_front();
    return change;
  }
};

}  // namespace

bool Matches(const ListFilter& filter, const Object& object) {
  const ObjectMeta& meta = MetaOf(object);
  return KindOf(object) == filter.kind &&
         (filter.namespace_.empty() || meta.namespace_ == filter.namespace_) &&
         std::ranges::all_of(filter.labels, [&](const auto& label) {
           const auto found = meta.labels.find(label.first);
           return found != meta.labels.end() && found->second == label.second;
         });
}

struct ChangeFeed::Hub {
  std::mutex mutex;
  std::condition_variable changed;
  std::list<std::shared_ptr<Subscriber>> subscribers;  // guarded by mutex, as their lists are
  const Subscriber* delivering = nullptr;              // guarded by mutex
  std::thread::id thread;                              // guarded by mutex
  bool stopped = false;                                // guarded by mutex

  void Deliver() {
    std::unique_lock lock(mutex);
    thread = std::this_thread::get_id();
    while (true) {
      auto next = subscribers.end();
      changed.wait(lock, [&] {
        next = std::ranges::find_if(subscribers, [](const auto& s) { return !s->waiting.empty(); });
        return stopped || next != subscribers.end();
      });
      if (stopped) return;
      const std::shared_ptr<Subscriber> subscriber = *next;
      // To the back, so that a busy subscriber does not starve the others.
      subscribers.splice(subscribers.end(), subscribers, next);
      const Change change = subscriber->Take();
      delivering = subscriber.get();
      lock.unlock();
      subscriber->on_change(change);
      lock.lock();
      delivering = nullptr;
      changed.notify_all();
    }
  }
};

class ChangeFeed::Handle final : public Subscription {
 public:
  Handle(std::shared_ptr<Hub> hub, std::shared_ptr<Subscriber> subscriber)
      : hub_(std::move(hub)), subscriber_(std::move(subscriber)) {}
  ~Handle() override {
    std::unique_lock lock(hub_->mutex);
    hub_->subscribers.remove(subscriber_);
    // A callback that ends its own subscription must not wait for itself.
    if (hub_->thread == std::this_thread::get_id()) return;
    hub_->changed.wait(lock, [&] { return hub_->delivering != subscriber_.get(); });
  }

 private:
  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<Subscriber> subscriber_;
};

ChangeFeed::ChangeFeed()
    : hub_(std::make_shared<Hub>()), thread_([hub = hub_] { hub->Deliver(); }) {}

ChangeFeed::~ChangeFeed() {
  {
    const std::lock_guard lock(hub_->mutex);
    hub_->stopped = true;
  }
  hub_->changed.notify_all();
  thread_.join();
}

std::unique_ptr<Subscription> ChangeFeed::Subscribe(const ListFilter& filter,
                                                    const std::vector<ObjectPtr>& now,
                                                    std::function<void(const Change&)> on_change) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->filter = filter;
  subscriber->on_change = std::move(on_change);
  for (const ObjectPtr& object : now) {
    subscriber->Add({Change::Kind::kAdded, KeyOf(*object), object});
  }
  {
    const std::lock_guard lock(hub_->mutex);
    hub_->subscribers.push_back(subscriber);
  }
  hub_->changed.notify_all();
  return std::make_unique<Handle>(hub_, std::move(subscriber));
}

void ChangeFeed::Tell(const ObjectPtr& before, const ObjectPtr& after, const ObjectPtr& last) {
  {
    const std::lock_guard lock(hub_->mutex);
    for (const std::shared_ptr<Subscriber>& subscriber : hub_->subscribers) {
      const bool was = before && Matches(subscriber->filter, *before);
      const bool is = after && Matches(subscriber->filter, *after);
      if (is) {
        const auto kind = was ? Change::Kind::kModified : Change::Kind::kAdded;
        subscriber->Add({kind, KeyOf(*after), after});
      } else if (was) {
        subscriber->Add({Change::Kind::kDeleted, KeyOf(*before), last});
      }
    }
  }
  hub_->changed.notify_all();
}

}  // namespace lockstep
