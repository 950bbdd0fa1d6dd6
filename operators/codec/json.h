// The one JSON type of the operator. Include this, not the library, so that the choice stays in one
// place.
#pragma once

#include <nlohmann/json.hpp>

namespace lockstep {

using Json = nlohmann::json;

}  // namespace lockstep
