// Admission: is this object one that can run? Pure functions over one object and the ConfigMaps it
// names (Katib's validator, with what Katib finds only by crashing). What is right and this version
// cannot run on one machine is an error at its path too, never ignored: its finding is marked
// `unsupported`, for those who only want to know whether the object is right.
#pragma once

#include <vector>

#include "operators/api/decode.h"

namespace lockstep {

// Every rule, all findings at once. A ConfigMap that `config_maps` calls Unavailable is a warning:
// what it holds is not checked. Call after SetDefaults (operators/api/defaults.h). What needs
// other objects (does the name exist?) is the store's. Positions are those of `document` (nearest
// ancestor where the field was left out). For an Experiment the first trial is rendered with sample
// values and its job validated too; algorithm settings by operators/suggest, filters by
// operators/observe. `runtimes`: for TrainJobs; empty: those that are shipped alone.
std::vector<Finding> Validate(const Object& object, const Document& document,
                              const ConfigMapLookup& config_maps = {},
                              const RuntimeLookup& runtimes = {});

// Rules for a change of an existing object (immutable fields).
std::vector<Finding> ValidateUpdate(const Object& before, const Object& after,
                                    const Document& document);

}  // namespace lockstep
