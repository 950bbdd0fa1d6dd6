// OutputFormat: how `lockstep get` prints objects, -o. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/custom_columns.h"
#include "cli/json_template.h"

namespace lockstep {

inline constexpr char kOutputFormats[] =
    "json, yaml, wide, name, csv, jsonpath=TEMPLATE or custom-columns=HEADER:.path,...";

struct OutputFormat {
  enum class Kind : std::uint8_t { kTable, kWide, kName, kJson, kYaml, kCsv, kJsonPath, kColumns };
  Kind kind = Kind::kTable;
  std::optional<JsonTemplate> json_template;  // kJsonPath
  std::vector<CustomColumn> columns;          // kColumns

  // Each kind of object is printed on its own; otherwise all together, as a list.
  bool by_kind() const {
    return kind == Kind::kTable || kind == Kind::kWide || kind == Kind::kName || kind == Kind::kCsv;
  }
};

// InvalidArgument lists the formats, or says what is wrong with the template.
Result<OutputFormat> ParseOutputFormat(std::string_view text);

}  // namespace lockstep
