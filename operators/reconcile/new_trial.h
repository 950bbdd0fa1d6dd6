// The Trial for a point that the search proposed. Pure.
#pragma once

#include "operators/api/experiment.h"
#include "operators/api/suggestion.h"
#include "operators/api/trial.h"
#include "runtime/base/status.h"

namespace lockstep {

// InvalidArgument: the template cannot be rendered with these assignments.
Result<Trial> NewTrial(const Experiment& experiment, const TrialAssignment& assignment);

// Copies where `lockstep apply` was run, its PATH, and how long logs are kept, from owner to child;
// what the child says itself stays.
void InheritSurroundings(const ObjectMeta& owner, ObjectMeta& child);

}  // namespace lockstep
