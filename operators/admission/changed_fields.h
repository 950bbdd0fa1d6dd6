// Which fields of an object differ from what was there, for the message that refuses the change.
#pragma once

#include <string>

#include "operators/codec/json.h"

namespace lockstep {

// "spec.algorithm.algorithmName (random, was grid), spec.parameters[0] (new)": the deepest fields
// that differ, at most 5 of them, then how many more; empty when the two are equal. `path` is where
// they stand.
std::string ChangedFields(const Json& before, const Json& after, const std::string& path);

}  // namespace lockstep
