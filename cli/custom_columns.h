// CustomColumns: a table of the user's own columns, -o custom-columns=NAME:.path,... Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/json_path.h"
#include "cli/table_printer.h"

namespace lockstep {

struct CustomColumn {
  std::string header;
  JsonPath path;
};

// "NAME:.metadata.name,LR:.spec.parameterAssignments[?(@.name=='lr')].value". InvalidArgument names
// the column of the text.
Result<std::vector<CustomColumn>> ParseCustomColumns(std::string_view text);

// A row for each object; "<none>" where a path selects nothing, commas between several values.
Result<Table> MakeCustomTable(const std::vector<CustomColumn>& columns,
                              const std::vector<Json>& objects);

}  // namespace lockstep
