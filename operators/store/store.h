// A Store keeps API objects with optimistic concurrency and a change feed. It is the operator's
// only memory.
//
// The store sets uid, resourceVersion, generation and creationTimestamp. `status` is written by
// UpdateStatus alone, everything else by Update alone, so that a user's edit and a reconciler's
// report never overwrite each other.
//
// Errors: NotFound; AlreadyExists; Conflict (the object changed since it was read: read again and
// decide again, never force); Unavailable (try later); FailedPrecondition (read-only, newer
// version); each message names the object.
//
// Guarantee: what Create, Update, UpdateStatus or Delete has acknowledged survives kill -9 and a
// power cut (sqlite: grouped commits, synchronous=FULL).
//
// Thread safety: all methods from any thread. Reads never wait for a writer or the disk: they
// return shared immutable snapshots. A write is visible to its writer once it is acknowledged, and
// to nobody before.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/api/object.h"
#include "runtime/base/status.h"

namespace lockstep {

struct Change {
  enum class Kind : std::uint8_t { kAdded, kModified, kDeleted };
  Kind kind = Kind::kAdded;
  ObjectKey key;
  std::shared_ptr<const Object> object;  // as it is now; for kDeleted as it was last
};

using ObjectPtr = std::shared_ptr<const Object>;

// Ends the subscription when destroyed; after that the callback is not running and never called
// again.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

struct ListFilter {
  std::string kind;        // required
  std::string namespace_;  // empty: all
  Labels labels;           // all of them must match
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<ObjectPtr> Get(const ObjectKey& key) const = 0;
  // Ordered by creation, then name.
  virtual Result<std::vector<ObjectPtr>> List(const ListFilter& filter) const = 0;
  // Conflict: an owner it refers to is gone or being deleted.
  virtual Result<ObjectPtr> Create(Object object) = 0;
  // Replaces all but status. REQUIRES: meta.resourceVersion as read. No change: as UpdateStatus.
  virtual Result<ObjectPtr> Update(Object object) = 0;
  // Replaces status. REQUIRES: meta.resourceVersion as read. No change: no write, the same version
  // comes back.
  virtual Result<ObjectPtr> UpdateStatus(Object object) = 0;
  // Marks the object and everything it owns (ownerReferences, to any depth) with deletionTimestamp,
  // in one commit. Objects that no reconciler has to clean up after go at once; a TrainingJob stays
  // until Remove (its processes must end first), and so do its owners.
  virtual Status Delete(const ObjectKey& key) = 0;
  // Drops an object that is marked for deletion, and those owners marked for deletion that waited
  // for it alone.
  virtual Status Remove(const ObjectKey& key) = 0;

  // Calls `on_change` for every object there now (as kAdded), then for every change after. Changes
  // of one object arrive in order and may be merged; none is lost. Called from the store's thread:
  // return soon and do not call Delete or a write from inside.
  virtual std::unique_ptr<Subscription> Watch(const ListFilter& filter,
                                              std::function<void(const Change&)> on_change) = 0;
};

}  // namespace lockstep
