#include "cli/object_state.h"

#include <algorithm>
#include <array>

namespace lockstep {
namespace {

// Exhausted is a Suggestion's: it has no more points, which ends nothing by itself.
constexpr std::array<std::string_view, 5> kTerminal = {"Succeeded", "Failed", "EarlyStopped",
                                                       "Killed", "MetricsUnavailable"};

const Condition* StateCondition(const Object& object) {
  const Condition* state = nullptr;
  for (const Condition& condition : ConditionsOf(object)) {
    if (condition.status != "True") continue;
    state = &condition;
    if (IsTerminalCondition(condition.type)) break;
  }
  return state;
}

}  // namespace

const std::vector<Condition>& ConditionsOf(const Object& object) {
  return std::visit(
      [](const auto& typed) -> const std::vector<Condition>& { return typed.status.conditions; },
      object);
}

bool IsTerminalCondition(std::string_view type) {
  return std::ranges::find(kTerminal, type) != kTerminal.end();
}

std::string StateOf(const Object& object) {
  if (!MetaOf(object).deletion_timestamp.empty()) return "Deleting";
  const Condition* state = StateCondition(object);
  return state == nullptr ? "Pending" : state->type;
}

bool IsFinished(const Object& object) {
  const Condition* state = StateCondition(object);
  return state != nullptr && IsTerminalCondition(state->type);
}

std::string StateMessage(const Object& object) {
  const Condition* state = StateCondition(object);
  return state == nullptr ? "" : state->message;
}

}  // namespace lockstep
