// A field of text in JSON of which nothing is known yet.
#pragma once

#include <string>
#include <string_view>

#include "operators/codec/json.h"

namespace lockstep {

// "" when `json` is no object, or has no text there.
std::string TextField(const Json& json, std::string_view name);

}  // namespace lockstep
