#include "operators/api/conditions.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

void Set(std::vector<Condition>& conditions, Condition condition, WallTime now) {
  condition.last_update_time = condition.last_transition_time = FormatTime(now);
  if (const Condition* before = FindCondition(conditions, condition.type)) {
    if (before->status == condition.status) {
      if (before->reason == condition.reason) return;
      condition.last_transition_time = before->last_transition_time;
    }
    RemoveCondition(conditions, condition.type);
  }
  conditions.push_back(std::move(condition));
}

Condition Make(std::string_view type, const char* status, std::string_view reason,
               std::string_view message) {
  Condition condition;
  condition.type = type;
  condition.status = status;
  condition.reason = reason;
  condition.message = message;
  return condition;
}

}  // namespace

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& c) { return c.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

bool IsTrue(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* condition = FindCondition(conditions, type);
  return condition != nullptr && condition->status == "True";
}

bool HasEnded(const std::vector<Condition>& conditions) {
  constexpr std::string_view kEnds[] = {condition::kSucceeded, condition::kFailed,
                                        condition::kKilled, condition::kEarlyStopped,
                                        condition::kMetricsUnavailable};
  return std::ranges::any_of(conditions, [&](const Condition& condition) {
    return condition.status == "True" &&
           std::ranges::find(kEnds, condition.type) != std::end(kEnds);
  });
}

void SetTrue(std::vector<Condition>& conditions, std::string_view type, std::string_view reason,
             std::string_view message, WallTime now) {
  Set(conditions, Make(type, "True", reason, message), now);
}

void SetFalse(std::vector<Condition>& conditions, std::string_view type, std::string_view reason,
              std::string_view message, WallTime now) {
  Set(conditions, Make(type, "False", reason, message), now);
}

void SetEnded(std::vector<Condition>& conditions, std::string_view type, std::string_view reason,
              std::string_view message, WallTime now) {
  CHECK(!HasEnded(conditions)) << "a second terminal condition: " << type;
  for (const char* state : {condition::kRunning, condition::kSuspended})
    if (IsTrue(conditions, state)) SetFalse(conditions, state, reason, message, now);
  SetTrue(conditions, type, reason, message, now);
}

void RemoveCondition(std::vector<Condition>& conditions, std::string_view type) {
  std::erase_if(conditions, [&](const Condition& c) { return c.type == type; });
}

}  // namespace lockstep
