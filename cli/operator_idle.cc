#include "cli/operator_idle.h"

#include <algorithm>

#include "cli/object_state.h"

namespace lockstep {

bool NothingToDo(const Store& store) {
  for (const char* kind : {Experiment::kKind, Trial::kKind, TrainingJob::kKind}) {
    const Result<std::vector<ObjectPtr>> objects = store.List({kind, "", {}});
    if (!objects.ok()) return false;
    const bool done = std::ranges::all_of(*objects, [](const ObjectPtr& object) {
      return IsFinished(*object) && MetaOf(*object).deletion_timestamp.empty();
    });
    if (!done) return false;
  }
  return true;
}

bool IdleTimer::Look(bool idle, MonotonicTime now) {
  if (!idle) {
    since_.reset();
    return false;
  }
  if (!since_) since_ = now;
  return now - *since_ >= timeout_;
}

}  // namespace lockstep
