#include "cli/object_state.h"

#include "operators/api/conditions.h"

namespace lockstep {
namespace {

// A terminal condition is always the last one to become True.
const Condition* StateCondition(const Object& object) {
  const Condition* state = nullptr;
  for (const Condition& condition : ConditionsOf(object)) {
    if (condition.status == "True") state = &condition;
  }
  return state;
}

// What a job waits for before it runs; null: nothing.
const Condition* WaitOf(const Object& object) {
  if (!std::holds_alternative<TrainingJob>(object) || IsFinished(object)) return nullptr;
  const Condition* running = FindCondition(ConditionsOf(object), condition::kRunning);
  const bool waits = running != nullptr && running->status == "False" &&
                     (running->reason == reason::kQueued ||
                      running->reason == reason::kCreateContainerConfigError);
  return waits ? running : nullptr;
}

}  // namespace

const std::vector<Condition>& ConditionsOf(const Object& object) {
  return std::visit(
      [](const auto& typed) -> const std::vector<Condition>& {
        static const std::vector<Condition> none;
        if constexpr (HasStatus<std::decay_t<decltype(typed)>>) return typed.status.conditions;
        return none;
      },
      object);
}

std::string StateOf(const Object& object) {
  if (!MetaOf(object).deletion_timestamp.empty()) return "Deleting";
  if (!HasState(object)) return "";
  if (const Condition* wait = WaitOf(object); wait != nullptr) {
    return wait->reason == reason::kQueued ? wait->reason : kWaitingState;
  }
  const Condition* state = StateCondition(object);
  return state == nullptr ? "Pending" : state->type;
}

bool IsFinished(const Object& object) { return HasEnded(ConditionsOf(object)); }

std::string StateMessage(const Object& object) {
  if (const Condition* wait = WaitOf(object)) return wait->message;
  const Condition* state = StateCondition(object);
  return state == nullptr ? "" : state->message;
}

}  // namespace lockstep
