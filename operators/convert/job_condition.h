// How a job fares by the GJSON conditions of its trial (trialTemplate.successCondition and
// failureCondition), as Katib's trial controller sees it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "operators/codec/json.h"

namespace lockstep {

struct JobVerdict {
  enum class State : std::uint8_t { kRunning, kSucceeded, kFailed };
  State state = State::kRunning;
  // Of the object that the condition found, or of the first element of its list. Of kRunning the
  // message says what is wrong with a condition, if anything is.
  std::string reason;
  std::string message;
  friend bool operator==(const JobVerdict&, const JobVerdict&) = default;
};

// The failure condition comes first. A condition holds when it finds an object or a list of them
// that is not empty; an empty condition, and one that CheckGjson refuses, never holds.
JobVerdict JudgeJob(const Json& job, std::string_view success_condition,
                    std::string_view failure_condition);

}  // namespace lockstep
