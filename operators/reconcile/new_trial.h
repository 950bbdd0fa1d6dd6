// The Trial for a point that the search proposed. Pure.
#pragma once

#include "operators/api/experiment.h"
#include "operators/api/suggestion.h"
#include "operators/api/trial.h"
#include "operators/convert/trial_template_source.h"
#include "runtime/base/status.h"

namespace lockstep {

// InvalidArgument: the template is not there, or cannot be rendered with these assignments. Other
// errors are those of `config_maps`, which is asked for each trial: an edit counts for those that
// come after it.
Result<Trial> NewTrial(const Experiment& experiment, const TrialAssignment& assignment,
                       const ConfigMapLookup& config_maps);

// Copies where `lockstep apply` was run, its PATH, and how long logs are kept, from owner to child;
// what the child says itself stays.
void InheritSurroundings(const ObjectMeta& owner, ObjectMeta& child);

}  // namespace lockstep
