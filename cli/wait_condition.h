// WaitCondition: what `lockstep wait --for=` waits for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/json_path.h"
#include "operators/api/object.h"

namespace lockstep {

inline constexpr char kWaitConditions[] =
    "condition=TYPE[=STATUS], jsonpath='{.path}'[=VALUE], create or delete";

struct WaitCondition {
  enum class Kind : std::uint8_t { kCondition, kValue, kCreated, kGone };
  Kind kind = Kind::kCondition;
  std::string text = {};  // as messages call it: "Succeeded"
  std::string condition = {};
  std::string status = "True";
  std::optional<JsonPath> path = {};
  std::optional<std::string> value = {};  // nullopt: any
};

// InvalidArgument lists the forms.
Result<WaitCondition> ParseWaitCondition(std::string_view text);

// Whether it holds for an object that is there, named as one of `kind`; of a job Succeeded and
// Complete are the same, for its kinds say the one or the other. InvalidArgument: as
// JsonPath::Find.
Result<bool> IsMet(const WaitCondition& wanted, const Object& object, std::string_view kind = "");

}  // namespace lockstep
