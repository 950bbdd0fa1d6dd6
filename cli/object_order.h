// Objects in the order of a value in them, --sort-by=.path. Pure.
#pragma once

#include <vector>

#include "cli/json_path.h"
#include "operators/api/object.h"

namespace lockstep {

// By the first value that `path` selects in each: numbers (also as texts) by size, then RFC 3339
// times, then other texts, then the objects without it; equal ones stay in their order.
// InvalidArgument: no object has it.
Status SortObjects(const JsonPath& path, std::vector<Object>& objects);

}  // namespace lockstep
