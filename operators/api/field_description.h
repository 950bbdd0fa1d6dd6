// What the fields of a kind are for: the documentation in Fields(), as a tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/object.h"

namespace lockstep {

struct FieldDescription {
  std::string_view name;  // of the whole object: its kind
  std::string type;  // string, boolean, integer, number, map[string]string, Object, [] of these;
                     // JSON: an object or list that is taken as it is
  std::string_view description;
  std::vector<FieldDescription> fields;  // of an Object, or of each element of an []Object
};

// `kind` is one of KindNames().
FieldDescription DescribeKind(const KindName& kind);

// The field at `path` below `root` ("" is `root` itself), written as in findings: an index after a
// list is allowed ("spec.parameters[0].name"), nobody needs one. NotFound names the nearest field
// and those there are.
Result<const FieldDescription*> FindField(const FieldDescription& root, std::string_view path);

// Where in `root` fields of this name stand, whatever the case: "spec.trialTemplate".
std::vector<std::string> PathsOfField(const FieldDescription& root, std::string_view name);

}  // namespace lockstep
