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
  const Condition* state = StateCondition(object);
  return state == nullptr ? "Pending" : state->type;
}

bool IsFinished(const Object& object) { return HasEnded(ConditionsOf(object)); }

std::string StateMessage(const Object& object) {
  const Condition* state = StateCondition(object);
  return state == nullptr ? "" : state->message;
}

}  // namespace lockstep
