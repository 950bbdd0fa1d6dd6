#include "cli/wait_condition.h"

#include <algorithm>

#include "cli/object_state.h"
#include "cli/shown_object.h"
#include "operators/api/conditions.h"
#include "operators/codec/text_field.h"

namespace lockstep {
namespace {

Result<WaitCondition> ParseValue(std::string_view text) {
  WaitCondition wanted{.kind = WaitCondition::Kind::kValue, .text = std::string(text)};
  std::string_view path = text;
  const std::size_t brace = text.starts_with('{') ? text.rfind('}') : std::string_view::npos;
  // Without braces the first = ends the path: one in a filter needs them.
  const std::size_t equals = text.find('=', brace == text.npos ? 0 : brace);
  if (equals != text.npos) {
    path = text.substr(0, equals);
    wanted.value = text.substr(equals + (text.substr(equals).starts_with("==") ? 2 : 1));
  }
  if (brace != text.npos) path = path.substr(1, brace - 1);
  LOCKSTEP_ASSIGN_OR_RETURN(wanted.path, JsonPath::Parse(path));
  return wanted;
}

// In its own kind's words, or in those of the TrainingJob that it is.
bool JobHas(const WaitCondition& wanted, const TrainingJob& job) {
  const std::string type =
      wanted.condition == "Complete" ? condition::kSucceeded : wanted.condition;
  const auto holds = [&](const std::string& other, const std::string& status) {
    return other == type && status == wanted.status;
  };
  for (const Condition& condition : job.status.conditions) {
    if (holds(condition.type, condition.status)) return true;
  }
  const Json shown = ShownObject(job);
  if (!shown.contains("status") || !shown["status"].contains("conditions")) return false;
  return std::ranges::any_of(shown["status"]["conditions"], [&](const Json& condition) {
    const std::string shown_type = TextField(condition, "type");
    return holds(shown_type == "Complete" ? condition::kSucceeded : shown_type,
                 TextField(condition, "status"));
  });
}

}  // namespace

Result<WaitCondition> ParseWaitCondition(std::string_view text) {
  using Kind = WaitCondition::Kind;
  if (text == "delete") return WaitCondition{.kind = Kind::kGone, .text = "gone"};
  if (text == "create") return WaitCondition{.kind = Kind::kCreated, .text = "there"};
  constexpr std::string_view kValuePrefix = "jsonpath=";
  if (text.starts_with(kValuePrefix)) return ParseValue(text.substr(kValuePrefix.size()));
  constexpr std::string_view kPrefix = "condition=";
  if (!text.starts_with(kPrefix) || text.size() == kPrefix.size()) {
    return InvalidArgument("--for='" + std::string(text) +
                           "': write --for=condition=Succeeded, or " + kWaitConditions);
  }
  const std::string rest(text.substr(kPrefix.size()));
  const std::size_t equals = rest.find('=');
  WaitCondition wanted{.kind = Kind::kCondition, .text = rest, .condition = rest.substr(0, equals)};
  if (equals != std::string::npos) wanted.status = rest.substr(equals + 1);
  return wanted;
}

Result<bool> IsMet(const WaitCondition& wanted, const Object& object, std::string_view kind) {
  switch (wanted.kind) {
    case WaitCondition::Kind::kCreated: return true;
    case WaitCondition::Kind::kGone: return false;
    case WaitCondition::Kind::kCondition:
      if (const auto* job = std::get_if<TrainingJob>(&object)) return JobHas(wanted, *job);
      return std::ranges::any_of(ConditionsOf(object), [&](const Condition& condition) {
        return condition.type == wanted.condition && condition.status == wanted.status;
      });
    case WaitCondition::Kind::kValue: break;
  }
  const Json json = ShownObject(object, kind);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<const Json*> values, wanted.path->Find(json));
  return std::ranges::any_of(values, [&](const Json* value) {
    return !wanted.value || JsonText(*value) == *wanted.value;
  });
}

}  // namespace lockstep
