#include "tests/sim/sim_store.h"

#include <algorithm>

#include "operators/store/change_feed.h"

namespace lockstep::sim {

class SimStore::Handle final : public Subscription {
 public:
  Handle(SimStore& store, std::shared_ptr<Subscriber> subscriber)
      : store_(store), subscriber_(std::move(subscriber)) {}
  ~Handle() override { store_.subscribers_.remove(subscriber_); }

 private:
  SimStore& store_;
  const std::shared_ptr<Subscriber> subscriber_;
};

SimStore::SimStore(std::unique_ptr<Store> store, FaultGate& gate, Random& random,
                   Observer on_change)
    : store_(std::move(store)), gate_(gate), random_(random), observer_(std::move(on_change)) {}

Result<ObjectPtr> SimStore::Get(const ObjectKey& key) const {
  return gate_.See([&] { return store_->Get(key); });
}
Result<std::vector<ObjectPtr>> SimStore::List(const ListFilter& filter) const {
  return gate_.See([&] { return store_->List(filter); });
}
Result<ObjectPtr> SimStore::Create(Object object) {
  return gate_.Let(true, [&] { return Written(store_->Create(object)); });
}
Result<ObjectPtr> SimStore::Update(Object object) {
  return gate_.Let(true, [&] { return Written(store_->Update(object)); });
}
Result<ObjectPtr> SimStore::UpdateStatus(Object object) {
  return gate_.Let(true, [&] { return Written(store_->UpdateStatus(object)); });
}
Status SimStore::Delete(const ObjectKey& key) {
  return gate_.Let(false, [&] { return Gone(store_->Delete(key)); });
}
Status SimStore::Remove(const ObjectKey& key) {
  return gate_.Let(false, [&] { return Gone(store_->Remove(key)); });
}
Result<ObjectPtr> SimStore::UserCreate(Object object) {
  return Written(store_->Create(std::move(object)));
}
Result<ObjectPtr> SimStore::UserUpdate(Object object) {
  return Written(store_->Update(std::move(object)));
}
Status SimStore::UserDelete(const ObjectKey& key) { return Gone(store_->Delete(key)); }

Result<ObjectPtr> SimStore::Written(Result<ObjectPtr> written) {
  if (!written.ok()) return written;
  ObjectPtr& known = objects_[KeyOf(**written)];
  const ObjectPtr before = known;
  if (before == *written) return written;  // no change, no write
  known = *written;
  Tell(before, *written);
  return written;
}

// Deletion reaches what is owned, too.
Status SimStore::Gone(Status status) {
  if (!status.ok()) return status;
  Objects now;
  for (const char* kind :
       {Experiment::kKind, Suggestion::kKind, Trial::kKind, TrainingJob::kKind}) {
    const auto listed = store_->List({.kind = kind, .namespace_ = "", .labels = {}});
    for (const ObjectPtr& object : *listed) now.emplace(KeyOf(*object), object);
  }
  const Objects before = std::exchange(objects_, std::move(now));
  for (const auto& [key, object] : before) {
    const auto found = objects_.find(key);
    const ObjectPtr after = found == objects_.end() ? nullptr : found->second;
    if (after != object) Tell(object, after);
  }
  return status;
}

void SimStore::Tell(const ObjectPtr& before, const ObjectPtr& after) {
  for (const auto& subscriber : subscribers_) {
    const bool was = before && Matches(subscriber->filter, *before);
    const bool is = after && Matches(subscriber->filter, *after);
    if (is) {
      const auto kind = was ? Change::Kind::kModified : Change::Kind::kAdded;
      subscriber->waiting.push_back({kind, KeyOf(*after), after});
    } else if (was) {
      subscriber->waiting.push_back({Change::Kind::kDeleted, KeyOf(*before), before});
    }
  }
  observer_(before, after);
}

std::unique_ptr<Subscription> SimStore::Watch(const ListFilter& filter,
                                              std::function<void(const Change&)> on_change) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->filter = filter;
  subscriber->on_change = std::move(on_change);
  for (const auto& [key, object] : objects_) {
    if (Matches(filter, *object)) {
      subscriber->waiting.push_back({Change::Kind::kAdded, key, object});
    }
  }
  subscribers_.push_back(subscriber);
  return std::make_unique<Handle>(*this, std::move(subscriber));
}

std::size_t SimStore::events_waiting() const {
  std::size_t waiting = 0;
  for (const auto& subscriber : subscribers_) waiting += subscriber->waiting.size();
  return waiting;
}

// The oldest change of any object, perhaps with its later ones in it.
Change SimStore::Take(Subscriber& subscriber) {
  std::vector<Change>& waiting = subscriber.waiting;
  const ObjectKey key = waiting[random_.Below(waiting.size())].key;
  const auto of_key = [&](const Change& change) { return change.key == key; };
  const auto first = std::ranges::find_if(waiting, of_key);
  Change change = *first;
  auto rest = waiting.erase(first);
  const bool merge = change.kind != Change::Kind::kDeleted && random_.OneIn(2);
  while (merge) {
    rest = std::find_if(rest, waiting.end(), of_key);
    if (rest == waiting.end() || rest->kind != Change::Kind::kModified) break;
    change.object = rest->object;
    rest = waiting.erase(rest);
  }
  return change;
}

bool SimStore::DeliverOne() {
  std::vector<std::shared_ptr<Subscriber>> with_news;
  for (const auto& subscriber : subscribers_) {
    if (!subscriber->waiting.empty()) with_news.push_back(subscriber);
  }
  if (with_news.empty()) return false;
  const std::shared_ptr<Subscriber> subscriber = with_news[random_.Below(with_news.size())];
  const Change change = Take(*subscriber);
  subscriber->on_change(change);
  if (random_.OneIn(50)) subscriber->on_change(change);
  return true;
}

}  // namespace lockstep::sim
