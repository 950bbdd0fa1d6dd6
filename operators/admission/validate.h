// Admission: is this object one that can run? Pure functions over one object (Katib's validator,
// with what Katib finds only by crashing). What this version cannot run yet is an error at its
// path, never ignored.
#pragma once

#include <vector>

#include "operators/api/decode.h"

namespace lockstep {

// Every rule, all findings at once. Call after SetDefaults (operators/api/defaults.h). What needs
// other objects (does the name exist?) is the store's. Positions are those of `document` (nearest
// ancestor where the field was left out). For an Experiment the first trial is rendered with sample
// values and its job validated too; algorithm settings by operators/suggest, filters by
// operators/observe.
std::vector<Finding> Validate(const Object& object, const Document& document);

// Rules for a change of an existing object (immutable fields).
std::vector<Finding> ValidateUpdate(const Object& before, const Object& after,
                                    const Document& document);

}  // namespace lockstep
