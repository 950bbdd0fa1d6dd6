// ObjectTable: the objects of a store in memory, and every rule about them: resource versions,
// generations, what an update may touch, ownership and deletion. What is written where, and when it
// counts, is the store's business.
//
// A write is decided by Stage, on top of what was staged before; it becomes visible by Publish, all
// that is staged at once, or is forgotten by Discard.
//
// Thread safety: Get, List and Watch from any thread, and they never wait for a Stage; Load, Stage,
// staged, version, Publish and Discard from one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "operators/store/change_feed.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

struct StoreOptions {
  const Clock* clock = &SystemClock();
  std::function<std::string()> new_uid;  // none: random ones from /dev/urandom
};

struct Write {
  enum class Kind : std::uint8_t { kCreate, kUpdate, kUpdateStatus, kDelete, kRemove };
  Kind kind = Kind::kCreate;
  std::optional<Object> object;  // Create, Update, UpdateStatus
  ObjectKey key;                 // Delete, Remove
};

class ObjectTable {
 public:
  explicit ObjectTable(StoreOptions options);

  Result<ObjectPtr> Get(const ObjectKey& key) const;
  Result<std::vector<ObjectPtr>> List(const ListFilter& filter) const;
  // The published object when `object` is of its version and says the same status: to write it
  // would change nothing. Else null.
  ObjectPtr SameStatus(const Object& object) const;
  std::unique_ptr<Subscription> Watch(const ListFilter& filter,
                                      std::function<void(const Change&)> on_change);

  // What a file remembers. REQUIRES: nothing was staged yet.
  void Load(std::vector<Object> objects, std::uint64_t version);

  // The object as it will be; null for Delete and Remove. An error stages nothing.
  Result<ObjectPtr> Stage(Write write);
  // By key; null: gone.
  const std::map<ObjectKey, ObjectPtr>& staged() const { return staged_; }
  std::uint64_t version() const { return version_; }
  void Publish();
  void Discard();

 private:
  using Objects = std::map<ObjectKey, ObjectPtr>;
  using Family = Objects;
  // Of one kind, namespace and Experiment, by creation and name: an Experiment's trials are listed
  // on each of its passes, which must not cost more for what other Experiments have.
  using Siblings = std::map<std::pair<std::string, std::string>, ObjectPtr>;
  using OfExperiments = std::map<std::tuple<std::string, std::string, std::string>, Siblings>;

  Result<ObjectPtr> Create(Object object);
  Result<ObjectPtr> Update(Object object, bool status_only);
  Status Delete(const ObjectKey& key);
  Status Remove(const ObjectKey& key);

  // Of an object that is published in place of another (null: of none, by none). REQUIRES: mutex_
  // is held
  void Index(const ObjectPtr& before, const ObjectPtr& after);
  void IndexExperiment(const ObjectPtr& before, const ObjectPtr& after);
  void IndexOwners(const ObjectPtr& before, const ObjectPtr& after);
  ObjectPtr Find(const ObjectKey& key) const;  // as staged, else as published
  // Every object as staged, else as published, until `visit` returns false.
  void ForEachIn(const std::string& namespace_,
                 const std::function<bool(const ObjectPtr&)>& visit) const;
  Family FamilyOf(const ObjectPtr& root) const;
  bool HasDependents(const Object& owner) const;
  Status CheckOwners(const Object& object) const;
  ObjectPtr Put(Object object);  // stages it under the next version
  void Drop(const ObjectPtr& object);
  std::string Now();

  const StoreOptions options_;
  mutable std::shared_mutex mutex_;
  Objects objects_;               // guarded by mutex_; written by Publish and Load alone
  OfExperiments of_experiments_;  // the same, of those that carry kExperimentLabel
  // The same: who refers to an owner of that key, by ownerReferences.
  std::map<ObjectKey, std::set<ObjectKey>> dependents_;
  Objects staged_;      // of the writing thread, as all below
  Objects dropped_as_;  // what watchers are shown of objects that are gone
  std::uint64_t version_ = 0;
  std::uint64_t published_version_ = 0;
  WallTime last_time_{};
  ChangeFeed feed_;
};

}  // namespace lockstep
