#include "launcher/json_reader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace lockstep {

using nlohmann::json;

Result<json> ParseJsonObject(std::string_view text, std::string_view file) {
  json value;
  try {
    value = json::parse(text);
  } catch (const json::parse_error& error) {
    const std::size_t end = std::min(error.byte > 0 ? error.byte - 1 : 0, text.size());
    const std::string_view before = text.substr(0, end);
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::size_t column = end - (before.rfind('\n') + 1) + 1;
    // The library's message repeats its own name and the position; what follows is the reason.
    std::string_view why = error.what();
    if (const auto colon = why.find(": "); colon != why.npos) why.remove_prefix(colon + 2);
    return InvalidArgument(std::string(file) + ":" + std::to_string(line) + ":" +
                           std::to_string(column) + ": no JSON: " + std::string(why));
  }
  if (!value.is_object()) {
    return InvalidArgument(std::string(file) + ":1:1: must be a JSON object, is a " +
                           value.type_name());
  }
  return value;
}

JsonReader::JsonReader(const json& object, std::string file, std::string path)
    : object_(object), file_(std::move(file)), path_(std::move(path)) {
  if (!object_.is_object()) {
    status_ =
        InvalidArgument(file_ + ": " + path_ + ": must be an object, is a " + object_.type_name());
  }
}

std::string JsonReader::PathOf(const std::string& field) const {
  return path_.empty() ? field : path_ + "." + field;
}

void JsonReader::Fail(const std::string& field, const std::string& why) {
  if (status_.ok()) status_ = InvalidArgument(file_ + ": " + PathOf(field) + ": " + why);
}

const json* JsonReader::Find(const char* field) {
  known_.emplace_back(field);
  if (!status_.ok()) return nullptr;
  const auto it = object_.find(field);
  return it == object_.end() ? nullptr : &*it;
}

void JsonReader::Read(const char* field, std::string* out, bool required) {
  const json* value = Find(field);
  if (value == nullptr) {
    if (required) Fail(field, "is missing");
  } else if (value->is_string()) {
    *out = value->get<std::string>();
  } else {
    Fail(field, std::string("must be a string, is a ") + value->type_name());
  }
}

void JsonReader::Read(const char* field, std::int64_t* out) {
  const json* value = Find(field);
  if (value == nullptr) return;
  const bool fits =
      value->is_number_unsigned()
          ? value->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}
          : value->is_number_integer();
  if (!fits) return Fail(field, "must be an integer, is " + value->dump());
  *out = value->get<std::int64_t>();
}

void JsonReader::Read(const char* field, int* out) {
  std::int64_t wide = *out;
  Read(field, &wide);
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    return Fail(field, "is out of range: " + std::to_string(wide));
  }
  *out = static_cast<int>(wide);
}

void JsonReader::Read(const char* field, bool* out) {
  const json* value = Find(field);
  if (value == nullptr) return;
  if (!value->is_boolean()) return Fail(field, "must be true or false, is " + value->dump());
  *out = value->get<bool>();
}

bool JsonReader::ReadStrings(const std::string& field, const json& value,
                             std::vector<std::string>* out) {
  const bool strings = value.is_array() && std::ranges::all_of(value, [](const json& element) {
                         return element.is_string();
                       });
  if (strings) {
    *out = value.get<std::vector<std::string>>();
  } else {
    Fail(field, "must be a list of strings");
  }
  return strings;
}

void JsonReader::Read(const char* field, std::vector<std::string>* out) {
  if (const json* value = Find(field)) ReadStrings(field, *value, out);
}

void JsonReader::Read(const char* field, std::vector<std::vector<std::string>>* out) {
  const json* list = ReadArray(field);
  if (list == nullptr) return;
  out->resize(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string element = std::string(field) + "[" + std::to_string(i) + "]";
    if (!ReadStrings(element, (*list)[i], &(*out)[i])) return;
  }
}

void JsonReader::Read(const char* field, std::map<std::string, std::string>* out) {
  const json* value = ReadObject(field);
  if (value == nullptr) return;
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) {
      return Fail(std::string(field) + "." + name,
                  std::string("must be a string, is a ") + text.type_name());
    }
    (*out)[name] = text.get<std::string>();
  }
}

const json* JsonReader::ReadArray(const char* field) {
  const json* value = Find(field);
  if (value == nullptr || value->is_array()) return value;
  Fail(field, std::string("must be a list, is a ") + value->type_name());
  return nullptr;
}

const json* JsonReader::ReadObject(const char* field) {
  const json* value = Find(field);
  if (value == nullptr || value->is_object()) return value;
  Fail(field, std::string("must be an object, is a ") + value->type_name());
  return nullptr;
}

Status JsonReader::Finish() {
  if (!status_.ok()) return status_;
  for (const auto& [name, value] : object_.items()) {
    if (std::ranges::find(known_, name) == known_.end()) {
      std::string all;
      for (const std::string& field : known_) all += (all.empty() ? "" : ", ") + field;
      Fail(name, "is no field of this version; known are " + all);
      break;
    }
  }
  return status_;
}

}  // namespace lockstep
