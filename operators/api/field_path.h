// Paths of fields as people read them: "spec.parameters[0].feasibleSpace.min",
// "metadata.labels[a.b/c]".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep {

// The path of a field or element of what is at `path` ("" is the root).
std::string FieldPath(std::string_view path, std::string_view name);
std::string ElementPath(std::string_view path, std::size_t index);

// "/spec/parameters/0/feasibleSpace/min".
std::string PathToPointer(std::string_view path);
// The reverse: parts that are numbers become indices.
std::string PointerToPath(std::string_view pointer);

}  // namespace lockstep
