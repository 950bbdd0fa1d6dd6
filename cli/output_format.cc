#include "cli/output_format.h"

#include <string>

namespace lockstep {

Result<OutputFormat> ParseOutputFormat(std::string_view text) {
  using Kind = OutputFormat::Kind;
  OutputFormat format;
  constexpr std::string_view kJsonPathPrefix = "jsonpath=";
  constexpr std::string_view kColumnsPrefix = "custom-columns=";
  if (text.starts_with(kJsonPathPrefix)) {
    format.kind = Kind::kJsonPath;
    LOCKSTEP_ASSIGN_OR_RETURN(format.json_template,
                              JsonTemplate::Parse(text.substr(kJsonPathPrefix.size())));
    return format;
  }
  if (text.starts_with(kColumnsPrefix)) {
    format.kind = Kind::kColumns;
    LOCKSTEP_ASSIGN_OR_RETURN(format.columns,
                              ParseCustomColumns(text.substr(kColumnsPrefix.size())));
    return format;
  }
  constexpr std::pair<std::string_view, Kind> kNames[] = {
      {"", Kind::kTable},    {"wide", Kind::kWide}, {"name", Kind::kName},
      {"json", Kind::kJson}, {"yaml", Kind::kYaml}, {"csv", Kind::kCsv}};
  for (const auto& [name, kind] : kNames) {
    if (name == text) {
      format.kind = kind;
      return format;
    }
  }
  return InvalidArgument("there is no output format '" + std::string(text) + "': write " +
                         kOutputFormats);
}

}  // namespace lockstep
