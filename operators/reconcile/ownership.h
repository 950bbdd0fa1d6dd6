// Who owns whom, by ownerReferences. Pure, but for the reads of the store.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "operators/api/object.h"
#include "operators/store/store.h"

namespace lockstep {

OwnerReference ControllerReference(const Object& owner);
bool IsOwnedBy(const ObjectMeta& meta, const ObjectMeta& owner);

// The trials of an Experiment, in order of creation; those of an earlier Experiment of its name are
// none of its.
Result<std::vector<ObjectPtr>> TrialsOf(const Store& store, const ObjectMeta& experiment);

// nullopt: there is none.
template <class T>
Result<std::optional<T>> Find(const Store& store, const ObjectMeta& same_name_as) {
  const Result<ObjectPtr> read = store.Get({T::kKind, same_name_as.namespace_, same_name_as.name});
  if (read.ok()) return std::optional<T>(std::get<T>(**read));
  if (read.status().kind() == StatusKind::kNotFound) return std::optional<T>();
  return read.status();
}
template <class T>
Result<std::optional<T>> Find(const Store& store, const ObjectKey& key) {
  ObjectMeta meta;
  meta.namespace_ = key.namespace_;
  meta.name = key.name;
  return Find<T>(store, meta);
}

// As it is in the store, without a copy, for who only reads: lists of names and points grow with
// the trials. Null: there is none.
template <class T>
Result<std::shared_ptr<const T>> FindShared(const Store& store, const ObjectKey& key) {
  const Result<ObjectPtr> read = store.Get(key);
  if (read.ok()) return std::shared_ptr<const T>(*read, &std::get<T>(**read));
  if (read.status().kind() == StatusKind::kNotFound) return std::shared_ptr<const T>();
  return read.status();
}

}  // namespace lockstep
