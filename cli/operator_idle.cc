#include "cli/operator_idle.h"

#include <algorithm>

#include "cli/object_state.h"
#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/api/managed_by.h"

namespace lockstep {

namespace {

// Suspended, and nobody has taken that back. A Trial is suspended by its Experiment, which is
// looked at too.
bool Rests(const Object& object) {
  const auto* job = std::get_if<TrainingJob>(&object);
  if (job != nullptr && IsManagedElsewhere(job->spec.managed_by)) return true;
  if (!IsTrue(ConditionsOf(object), condition::kSuspended)) return false;
  return std::holds_alternative<Trial>(object) || WantsSuspend(MetaOf(object)) ||
         (job != nullptr && job->spec.suspend);
}

}  // namespace

bool NothingToDo(const Store& store) {
  for (const char* kind : {Experiment::kKind, Trial::kKind, TrainingJob::kKind}) {
    const Result<std::vector<ObjectPtr>> objects = store.List({kind, "", {}});
    if (!objects.ok()) return false;
    const bool done = std::ranges::all_of(*objects, [](const ObjectPtr& object) {
      const bool rests = IsFinished(*object) || Rests(*object);
      return rests && MetaOf(*object).deletion_timestamp.empty();
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

std::optional<std::chrono::milliseconds> IdleTimer::Left(MonotonicTime now) const {
  if (!since_) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(*since_ + timeout_ - now);
}

}  // namespace lockstep
