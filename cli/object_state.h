// The state of an object in one word, from its conditions. Pure.
#pragma once

#include <string>
#include <vector>

#include "operators/api/object.h"

namespace lockstep {

const std::vector<Condition>& ConditionsOf(const Object& object);

inline constexpr char kWaitingState[] = "Waiting";

// The last condition that is True; "Deleting" while it is being deleted; of a job that waits for
// GPUs, CPUs or memory "Queued", for a ConfigMap or a Secret "Waiting"; "Pending" when nothing is
// known yet.
std::string StateOf(const Object& object);

// Nothing more will happen to it.
bool IsFinished(const Object& object);

// The sentence of the condition that StateOf names, or of what a job waits for; may be empty.
std::string StateMessage(const Object& object);

}  // namespace lockstep
