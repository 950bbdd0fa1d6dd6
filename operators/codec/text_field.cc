#include "operators/codec/text_field.h"

namespace lockstep {

std::string TextField(const Json& json, std::string_view name) {
  if (!json.is_object()) return "";
  const auto field = json.find(name);
  return field != json.end() && field->is_string() ? field->get<std::string>() : "";
}

}  // namespace lockstep
