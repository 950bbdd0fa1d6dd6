#include "operators/observe/read_position.h"

#include "operators/codec/json.h"

namespace lockstep {
namespace {

template <class T>
bool ReadField(const Json& object, const char* name, T& value) {
  const auto found = object.find(name);
  if (found == object.end()) return true;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else if (!found->is_number_unsigned()) {
    return false;
  }
  value = found->template get<T>();
  return true;
}

}  // namespace

std::string FormatReadPosition(const ReadPosition& position) {
  if (position == ReadPosition{}) return "";
  Json object = Json::object();
  const auto add = [&object](const char* name, std::uint64_t value) {
    if (value != 0) object[name] = value;
  };
  add("generation", static_cast<std::uint64_t>(position.generation));
  if (!position.file.empty()) object["file"] = position.file;
  add("offset", position.offset);
  add("lines", position.lines);
  add("bad", position.bad.count);
  add("badLine", position.bad.first_line);
  if (!position.bad.first_reason.empty()) object["badReason"] = position.bad.first_reason;
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ReadPosition> ParseReadPosition(std::string_view text) {
  ReadPosition position;
  if (text.empty()) return position;
  const Json object = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !ReadField(object, "generation", position.generation) ||
      !ReadField(object, "file", position.file) || !ReadField(object, "offset", position.offset) ||
      !ReadField(object, "lines", position.lines) ||
      !ReadField(object, "bad", position.bad.count) ||
      !ReadField(object, "badLine", position.bad.first_line) ||
      !ReadField(object, "badReason", position.bad.first_reason)) {
    return Internal("\"" + std::string(text) + "\" is no read position of this version");
  }
  return position;
}

}  // namespace lockstep
