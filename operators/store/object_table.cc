#include "operators/store/object_table.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

// A version 4 UUID (RFC 9562).
std::string RandomUid() {
  unsigned char bytes[16];
  std::ifstream random("/dev/urandom", std::ios::binary);
  random.read(reinterpret_cast<char*>(bytes), sizeof(bytes));
  CHECK(random.good()) << "/dev/urandom is there on every Linux";
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string uid;
  for (std::size_t i = 0; i < sizeof(bytes); ++i) {
    char hex[3];
    std::snprintf(hex, sizeof(hex), "%02x", bytes[i]);
    uid += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
    uid += hex;
  }
  return uid;
}

bool IsMarked(const Object& object) { return !MetaOf(object).deletion_timestamp.empty(); }

// Its processes must end before it may go.
bool NeedsCleanup(const Object& object) { return std::holds_alternative<TrainingJob>(object); }

bool Refers(const OwnerReference& reference, const Object& owner) {
  const ObjectMeta& meta = MetaOf(owner);
  return reference.name == meta.name && reference.kind == KindOf(owner) &&
         (reference.uid.empty() || reference.uid == meta.uid);
}

bool Owns(const Object& owner, const Object& dependent) {
  return MetaOf(owner).namespace_ == MetaOf(dependent).namespace_ &&
         std::ranges::any_of(MetaOf(dependent).owner_references,
                             [&](const auto& reference) { return Refers(reference, owner); });
}

ObjectKey OwnerKey(const Object& dependent, const OwnerReference& reference) {
  return {reference.kind, MetaOf(dependent).namespace_, reference.name};
}

// What needs cleaning up, and the owners that must wait for it.
std::set<ObjectKey> WaitsForCleanup(const std::map<ObjectKey, ObjectPtr>& family) {
  std::set<ObjectKey> staying;
  std::vector<ObjectPtr> found;
  for (const auto& [key, object] : family) {
    if (NeedsCleanup(*object) && staying.insert(key).second) found.push_back(object);
  }
  while (!found.empty()) {
    const ObjectPtr object = std::move(found.back());
    found.pop_back();
    for (const OwnerReference& reference : MetaOf(*object).owner_references) {
      const auto owner = family.find(OwnerKey(*object, reference));
      if (owner != family.end() && Refers(reference, *owner->second) &&
          staying.insert(owner->first).second) {
        found.push_back(owner->second);
      }
    }
  }
  return staying;
}

// All but metadata and status.
bool SameContent(const Object& a, const Object& b) {
  return std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (HasStatus<T>) {
          return value.spec == std::get<T>(b).spec;
        } else {
          T other = std::get<T>(b);
          other.meta = value.meta;
          return value == other;
        }
      },
      a);
}

bool StatusEquals(const Object& a, const Object& b) {
  return std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (HasStatus<T>) return value.status == std::get<T>(b).status;
        return true;
      },
      a);
}

// Takes the meta and spec of `from`: its status, which may be long, is left where it is. REQUIRES:
// the same kind, which has a status
void CopyAllButStatus(const Object& from, Object* to) {
  std::visit(
      [&](auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (HasStatus<T>) {
          value.meta = std::get<T>(from).meta;
          value.spec = std::get<T>(from).spec;
        }
      },
      *to);
}

// Takes the status of `from`. REQUIRES: the same kind
void CopyStatus(const Object& from, Object* to) {
  std::visit(
      [&](auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (HasStatus<T>) value.status = std::get<T>(from).status;
      },
      *to);
}

}  // namespace

ObjectTable::ObjectTable(StoreOptions options) : options_(std::move(options)) {}

Result<ObjectPtr> ObjectTable::Get(const ObjectKey& key) const {
  const std::shared_lock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return NotFound("no " + key.ToString());
  return found->second;
}

Result<std::vector<ObjectPtr>> ObjectTable::List(const ListFilter& filter) const {
  if (filter.kind.empty()) return InvalidArgument("a list needs the kind of the objects");
  std::vector<ObjectPtr> objects;
  const auto label = filter.labels.find(kExperimentLabel);
  if (label != filter.labels.end() && !filter.namespace_.empty()) {
    const std::shared_lock lock(mutex_);
    const auto found = of_experiments_.find({filter.kind, filter.namespace_, label->second});
    if (found == of_experiments_.end()) return objects;
    objects.reserve(found->second.size());
    for (const auto& [order, object] : found->second) {
      if (filter.labels.size() == 1 || Matches(filter, *object)) objects.push_back(object);
    }
    return objects;
  }
  {
    const std::shared_lock lock(mutex_);
    for (auto it = objects_.lower_bound({filter.kind, filter.namespace_, ""});
         it != objects_.end() && it->first.kind == filter.kind; ++it) {
      if (Matches(filter, *it->second)) objects.push_back(it->second);
    }
  }
  // Times of one form and zone order as text does.
  std::ranges::sort(objects, {}, [](const ObjectPtr& object) {
    const ObjectMeta& meta = MetaOf(*object);
    return std::tie(meta.creation_timestamp, meta.name, meta.namespace_);
  });
  return objects;
}

ObjectPtr ObjectTable::SameStatus(const Object& object) const {
  const ObjectMeta& meta = MetaOf(object);
  const std::shared_lock lock(mutex_);
  const auto found = objects_.find(KeyOf(object));
  if (found == objects_.end()) return nullptr;
  const ObjectMeta& now = MetaOf(*found->second);
  const bool same_version = meta.resource_version == now.resource_version && meta.uid == now.uid;
  return same_version && StatusEquals(object, *found->second) ? found->second : nullptr;
}

void ObjectTable::Index(const ObjectPtr& before, const ObjectPtr& after) {
  IndexExperiment(before, after);
  IndexOwners(before, after);
}

void ObjectTable::IndexExperiment(const ObjectPtr& before, const ObjectPtr& after) {
  const auto place = [](const Object& object) {
    const ObjectMeta& meta = MetaOf(object);
    const auto label = meta.labels.find(kExperimentLabel);
    return std::tuple(std::string(KindOf(object)), meta.namespace_,
                      label == meta.labels.end() ? std::string() : label->second);
  };
  const auto order = [](const Object& object) {
    return std::pair(MetaOf(object).creation_timestamp, MetaOf(object).name);
  };
  if (before) {
    if (const auto found = of_experiments_.find(place(*before)); found != of_experiments_.end()) {
      found->second.erase(order(*before));
      if (found->second.empty()) of_experiments_.erase(found);
    }
  }
  if (after && MetaOf(*after).labels.contains(kExperimentLabel)) {
    of_experiments_[place(*after)][order(*after)] = after;
  }
}

std::unique_ptr<Subscription> ObjectTable::Watch(const ListFilter& filter,
                                                 std::function<void(const Change&)> on_change) {
  CHECK(!filter.kind.empty()) << "a watch is of one kind";
  // Held over both steps, so that no change falls between what is there and what comes after.
  const std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> now;
  for (const auto& [key, object] : objects_) {
    if (Matches(filter, *object)) now.push_back(object);
  }
  return feed_.Subscribe(filter, now, std::move(on_change));
}

void ObjectTable::Load(std::vector<Object> objects, std::uint64_t version) {
  const std::unique_lock lock(mutex_);
  for (Object& object : objects) {
    const ObjectKey key = KeyOf(object);
    ObjectPtr& loaded = objects_[key];
    loaded = std::make_shared<const Object>(std::move(object));
    Index(nullptr, loaded);
  }
  version_ = published_version_ = version;
}

Result<ObjectPtr> ObjectTable::Stage(Write write) {
  switch (write.kind) {
    case Write::Kind::kCreate: return Create(*std::move(write.object));
    case Write::Kind::kUpdate: return Update(*std::move(write.object), false);
    case Write::Kind::kUpdateStatus: return Update(*std::move(write.object), true);
    case Write::Kind::kDelete: LOCKSTEP_RETURN_IF_ERROR(Delete(write.key)); break;
    case Write::Kind::kRemove: LOCKSTEP_RETURN_IF_ERROR(Remove(write.key)); break;
  }
  return ObjectPtr();
}

void ObjectTable::Publish() {
  const std::unique_lock lock(mutex_);
  for (auto& [key, object] : staged_) {
    const auto found = objects_.find(key);
    const ObjectPtr before = found == objects_.end() ? nullptr : found->second;
    const auto dropped = dropped_as_.find(key);
    // Created anew under the name of one that went in the same commit: two changes, not one.
    if (before && object && MetaOf(*before).uid != MetaOf(*object).uid) {
      feed_.Tell(before, nullptr, dropped->second);
      feed_.Tell(nullptr, object, nullptr);
    } else {
      feed_.Tell(before, object, dropped == dropped_as_.end() ? nullptr : dropped->second);
    }
    Index(before, object);
    if (object) {
      objects_[key] = std::move(object);
    } else if (before) {
      objects_.erase(found);
    }
  }
  published_version_ = version_;
  staged_.clear();
  dropped_as_.clear();
}

void ObjectTable::Discard() {
  version_ = published_version_;
  staged_.clear();
  dropped_as_.clear();
}

Result<ObjectPtr> ObjectTable::Create(Object object) {
  const ObjectKey key = KeyOf(object);
  if (key.name.empty() || key.namespace_.empty()) {
    return InvalidArgument(key.ToString() + ": an object needs a name and a namespace");
  }
  if (Find(key)) return AlreadyExists(key.ToString() + " exists already");
  LOCKSTEP_RETURN_IF_ERROR(CheckOwners(object));
  ObjectMeta& meta = MetaOf(object);
  meta.uid = options_.new_uid ? options_.new_uid() : RandomUid();
  meta.creation_timestamp = Now();
  meta.deletion_timestamp.clear();
  meta.generation = 1;
  return Put(std::move(object));
}

// An object created while its owner goes would be left behind by the deletion.
Status ObjectTable::CheckOwners(const Object& object) const {
  const ObjectKey key = KeyOf(object);
  for (const OwnerReference& reference : MetaOf(object).owner_references) {
    const ObjectKey owner_key = OwnerKey(object, reference);
    const ObjectPtr owner = Find(owner_key);
    if (!owner || !Refers(reference, *owner) || IsMarked(*owner)) {
      return Conflict(key.ToString() + ": its owner " + owner_key.ToString() +
                      " is gone or being deleted");
    }
  }
  return OkStatus();
}

Result<ObjectPtr> ObjectTable::Update(Object object, bool status_only) {
  const ObjectKey key = KeyOf(object);
  const ObjectPtr current = Find(key);
  if (!current) return NotFound("no " + key.ToString());
  const ObjectMeta& now = MetaOf(*current);
  ObjectMeta& meta = MetaOf(object);
  if (meta.resource_version.empty()) {
    return InvalidArgument(key.ToString() +
                           ": metadata.resourceVersion is required: send the one that was read");
  }
  if (meta.resource_version != now.resource_version || (!meta.uid.empty() && meta.uid != now.uid)) {
    return Conflict(key.ToString() + " has changed since it was read (resourceVersion " +
                    meta.resource_version + ", now " + now.resource_version +
                    "): read it again and decide again");
  }
  if (status_only) {
    if (StatusEquals(object, *current)) return current;
    CopyAllButStatus(*current, &object);
    return Put(std::move(object));
  }
  meta.uid = now.uid;
  meta.creation_timestamp = now.creation_timestamp;
  meta.deletion_timestamp = now.deletion_timestamp;
  meta.generation = now.generation + (SameContent(object, *current) ? 0 : 1);
  CopyStatus(*current, &object);
  if (object == *current) return current;
  return Put(std::move(object));
}

Status ObjectTable::Delete(const ObjectKey& key) {
  const ObjectPtr root = Find(key);
  if (!root) return NotFound("no " + key.ToString());
  const Family family = FamilyOf(root);
  const std::set<ObjectKey> staying = WaitsForCleanup(family);
  const std::string now = Now();
  for (const auto& [member_key, member] : family) {
    const bool stays = staying.contains(member_key);
    if (stays && IsMarked(*member)) continue;
    Object marked = *member;
    if (!IsMarked(marked)) MetaOf(marked).deletion_timestamp = now;
    const ObjectPtr last = Put(std::move(marked));
    if (!stays) Drop(last);
  }
  return OkStatus();
}

// `root` and all that it owns, to any depth.
ObjectTable::Family ObjectTable::FamilyOf(const ObjectPtr& root) const {
  std::multimap<ObjectKey, ObjectPtr> owned_by;
  ForEachIn(MetaOf(*root).namespace_, [&](const ObjectPtr& object) {
    for (const OwnerReference& reference : MetaOf(*object).owner_references) {
      owned_by.emplace(OwnerKey(*object, reference), object);
    }
    return true;
  });
  Family family = {{KeyOf(*root), root}};
  std::vector<ObjectPtr> owners = {root};
  while (!owners.empty()) {
    const ObjectPtr owner = std::move(owners.back());
    owners.pop_back();
    const auto [begin, end] = owned_by.equal_range(KeyOf(*owner));
    for (auto it = begin; it != end; ++it) {
      if (!Owns(*owner, *it->second)) continue;  // it belonged to an earlier one of that name
      if (family.emplace(KeyOf(*it->second), it->second).second) owners.push_back(it->second);
    }
  }
  return family;
}

Status ObjectTable::Remove(const ObjectKey& key) {
  const ObjectPtr object = Find(key);
  if (!object) return NotFound("no " + key.ToString());
  if (!IsMarked(*object)) {
    return FailedPrecondition(key.ToString() + " is not being deleted: delete it first");
  }
  if (HasDependents(*object)) {
    return FailedPrecondition(key.ToString() + " still owns objects that are to go first");
  }
  Drop(object);
  for (const OwnerReference& reference : MetaOf(*object).owner_references) {
    const ObjectKey owner_key = OwnerKey(*object, reference);
    const ObjectPtr owner = Find(owner_key);
    if (owner && Refers(reference, *owner) && IsMarked(*owner) && !NeedsCleanup(*owner) &&
        !HasDependents(*owner)) {
      LOCKSTEP_RETURN_IF_ERROR(Remove(owner_key));
    }
  }
  return OkStatus();
}

ObjectPtr ObjectTable::Find(const ObjectKey& key) const {
  if (const auto found = staged_.find(key); found != staged_.end()) return found->second;
  const std::shared_lock lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

void ObjectTable::ForEachIn(const std::string& namespace_,
                            const std::function<bool(const ObjectPtr&)>& visit) const {
  for (const auto& [key, object] : staged_) {
    if (key.namespace_ == namespace_ && object && !visit(object)) return;
  }
  const std::shared_lock lock(mutex_);
  for (const auto& [key, object] : objects_) {
    if (key.namespace_ != namespace_ || staged_.contains(key)) continue;
    if (!visit(object)) return;
  }
}

bool ObjectTable::HasDependents(const Object& owner) const {
  for (const auto& [key, object] : staged_) {
    if (object && Owns(owner, *object)) return true;
  }
  const std::shared_lock lock(mutex_);
  const auto found = dependents_.find(KeyOf(owner));
  if (found == dependents_.end()) return false;
  return std::ranges::any_of(found->second, [&](const ObjectKey& key) {
    return !staged_.contains(key) && Owns(owner, *objects_.at(key));
  });
}

void ObjectTable::IndexOwners(const ObjectPtr& before, const ObjectPtr& after) {
  if (before && after && MetaOf(*before).owner_references == MetaOf(*after).owner_references)
    return;
  if (before) {
    for (const OwnerReference& reference : MetaOf(*before).owner_references) {
      const auto found = dependents_.find(OwnerKey(*before, reference));
      if (found == dependents_.end()) continue;
      found->second.erase(KeyOf(*before));
      if (found->second.empty()) dependents_.erase(found);
    }
  }
  if (!after) return;
  for (const OwnerReference& reference : MetaOf(*after).owner_references)
    dependents_[OwnerKey(*after, reference)].insert(KeyOf(*after));
}

ObjectPtr ObjectTable::Put(Object object) {
  MetaOf(object).resource_version = std::to_string(++version_);
  const ObjectKey key = KeyOf(object);
  return staged_[key] = std::make_shared<const Object>(std::move(object));
}

void ObjectTable::Drop(const ObjectPtr& object) {
  const ObjectKey key = KeyOf(*object);
  ++version_;
  staged_[key] = nullptr;
  dropped_as_[key] = object;
}

// Never earlier than the time before, so that what was created later is listed later.
std::string ObjectTable::Now() {
  last_time_ = std::max(last_time_, options_.clock->Now());
  return FormatTime(last_time_);
}

}  // namespace lockstep
