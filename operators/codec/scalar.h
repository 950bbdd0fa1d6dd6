// What a plain (unquoted) YAML scalar stands for, as kubectl's parser reads it: YAML 1.1.
#pragma once

#include <string_view>

#include "operators/codec/json.h"

namespace lockstep {

// null, boolean, number or string. Not a number for JSON (.inf, .nan): they stay discarded values
// (Json::value_t::discarded), for the caller to refuse.
Json ResolvePlainScalar(std::string_view text);

}  // namespace lockstep
