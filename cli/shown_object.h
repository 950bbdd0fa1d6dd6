// An object as `lockstep get -o yaml`, `wait` and `edit` show it. Pure.
#pragma once

#include <string_view>

#include "operators/api/object.h"

namespace lockstep {

// A job in the shape of the kind that was applied, with its status as that kind's own operator
// writes it, and metadata as it is now; the TrainingJob that it runs as when `asked_as` is
// TrainingJob. Anything else as it is kept.
Json ShownObject(const Object& object, std::string_view asked_as = "");

}  // namespace lockstep
