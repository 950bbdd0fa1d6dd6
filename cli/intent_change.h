// Changes what a user wants of an object that is there, by annotations, whatever else happens to
// the object meanwhile.
#pragma once

#include <functional>
#include <string>

#include "cli/object_client.h"

namespace lockstep {

// Reads the object, lets `change` decide, and writes it; again when somebody else's write came in
// between. `change` returns whether there is anything to write, or why it cannot be. The object as
// it is then; `changed` says whether it was written.
struct IntentChange {
  Object object;
  bool changed = false;
};
Result<IntentChange> ChangeIntent(ObjectClient& client, const ObjectKey& key,
                                  const std::function<Result<bool>(Object&)>& change);

// Suspend, resume, cancel. Pure: each sets or removes the annotations of `object` and returns
// whether that changed anything. InvalidArgument: it has ended, is being deleted, or is of a kind
// for which it makes no sense; says what to do instead.
Result<bool> Suspend(Object& object);
Result<bool> Resume(Object& object);
Result<bool> Cancel(Object& object, const std::string& reason);

}  // namespace lockstep
