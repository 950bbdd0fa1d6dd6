// GJSON: the paths that Katib's success and failure conditions are written in. Pure.
//
// Meaning: github.com/tidwall/gjson v1.18, on objects whose keys are in order, as Kubernetes writes
// them. Read: keys with * ? and \ escapes, indices, # (count), #.rest, #(query) and #(query)# with
// == != < <= > >= % !%, nested queries, | and ., @this, [path,path]. Refused: other modifiers,
// {...}, !literals, ~ comparisons, JSON lines, and what gjson reads though it is a slip (a bracket
// that is not closed, quotes of the wrong kind). Of an object #.rest and #(...) find nothing, and
// never its key "#", which is \#.
#pragma once

#include <optional>
#include <string_view>

#include "operators/codec/json.h"
#include "runtime/base/status.h"

namespace lockstep {

// InvalidArgument: not of the subset above; the message names the place and what to write.
Status CheckGjson(std::string_view path);

// nullopt: the path finds nothing; a null that it finds is null. InvalidArgument: as CheckGjson, or
// a result beyond a million values (a list of lists of lists).
Result<std::optional<Json>> QueryGjson(const Json& json, std::string_view path);

}  // namespace lockstep
