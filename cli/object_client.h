// ObjectClient: the operator's objects by way of a Session; the verbs' counterpart of a Store.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "operators/api/object.h"
#include "operators/store/store.h"

namespace lockstep {

// Every method may start an operator. Errors as Store's. Kinds of job (operators/api/job_kind.h)
// are taken as others are: what comes back is a TrainingJob that was applied as that kind.
class ObjectClient {
 public:
  explicit ObjectClient(Session& session) : session_(session) {}

  Result<Object> Get(const ObjectKey& key);
  Result<std::vector<Object>> List(const ListFilter& filter);
  // Safe when the operator is killed at any point: an object that is there already with the same
  // spec, after an answer got lost, is the one this call created.
  Result<Object> Create(const Object& object, bool dry_run = false);
  // The same for a change. REQUIRES: meta.resourceVersion as read.
  Result<Object> Update(const Object& object, bool dry_run = false);
  Status Delete(const ObjectKey& key);

  // The metric rows of a trial, {name, value, time, step} each, in the order they were reported.
  Result<Json> Metrics(const ObjectKey& trial);

  // See Session::Watch.
  Status Watch(const ListFilter& filter, std::chrono::milliseconds timeout,
               const std::function<bool(Change::Kind, const Object&)>& on_change);

 private:
  Session& session_;
};

// What a user decides about an object: its spec (or data), labels and (less those that apply adds)
// annotations.
bool SameIntent(const Object& a, const Object& b);

}  // namespace lockstep
