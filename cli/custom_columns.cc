#include "cli/custom_columns.h"

#include <algorithm>

namespace lockstep {
Result<std::vector<CustomColumn>> ParseCustomColumns(std::string_view text) {
  std::vector<CustomColumn> columns;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = EndOutsideBrackets(text, begin, ",");
    std::string_view column = text.substr(begin, end - begin);
    const std::size_t colon = column.find(':');
    if (colon == 0 || colon == column.npos || colon + 1 == column.size()) {
      return InvalidArgument("custom-columns, column " + std::to_string(begin + 1) + ": '" +
                             std::string(column) +
                             "' is not HEADER:.path, as in NAME:.metadata.name");
    }
    const std::string header(column.substr(0, colon));
    column.remove_prefix(colon + 1);
    std::size_t before = begin + colon + 1;
    if (column.starts_with('{') && column.ends_with('}')) {
      column = column.substr(1, column.size() - 2);
      ++before;
    }
    LOCKSTEP_ASSIGN_OR_RETURN(JsonPath path, JsonPath::Parse(column, before));
    columns.push_back({header, std::move(path)});
    begin = end + 1;
  }
  return columns;
}

Result<Table> MakeCustomTable(const std::vector<CustomColumn>& columns,
                              const std::vector<Json>& objects) {
  Table table;
  for (const CustomColumn& column : columns) table.header.push_back(column.header);
  for (const Json& object : objects) {
    std::vector<std::string> row;
    row.reserve(columns.size());
    for (const CustomColumn& column : columns) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<const Json*> values, column.path.Find(object));
      std::string cell;
      for (const Json* value : values) cell += (cell.empty() ? "" : ",") + JsonText(*value);
      std::ranges::replace(cell, '\n', ' ');
      row.push_back(values.empty() ? "<none>" : std::move(cell));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace lockstep
