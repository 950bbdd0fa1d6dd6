// What `lockstep explain` prints. Pure.
#pragma once

#include <string>

#include "operators/api/field_description.h"

namespace lockstep {

// As kubectl shows it. `recursive`: names and types of all fields below, instead of the
// descriptions of the next ones.
std::string ExplainField(const KindName& kind, const FieldDescription& field, bool recursive);

}  // namespace lockstep
