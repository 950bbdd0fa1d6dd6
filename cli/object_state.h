// The state of an object in one word, from its conditions. Pure.
#pragma once

#include <string>
#include <vector>

#include "operators/api/object.h"

namespace lockstep {

const std::vector<Condition>& ConditionsOf(const Object& object);

// The terminal condition that is True, else the last True one; "Deleting" while it is being
// deleted; "Pending" when nothing is known yet.
std::string StateOf(const Object& object);

// Succeeded, Failed, EarlyStopped, Killed, MetricsUnavailable: nothing more will happen.
bool IsTerminalCondition(std::string_view type);
bool IsFinished(const Object& object);

// The sentence of the condition that StateOf names; may be empty.
std::string StateMessage(const Object& object);

}  // namespace lockstep
