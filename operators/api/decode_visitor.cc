#include "operators/api/decode_visitor.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace lockstep {
namespace {

constexpr std::size_t kQuotedBytesMax = 60;

std::string Shortened(const std::string& text) {
  return text.size() <= kQuotedBytesMax ? text : text.substr(0, kQuotedBytesMax) + "...";
}

// How a scalar was spelled where it stood, or as JSON spells it.
std::string Spelling(const Json& json, const DecodePlace& place, const FindingList& findings) {
  if (findings.document() != nullptr) {
    const auto& marks = findings.document()->marks;
    const auto mark = marks.find(PathToPointer(place.Path()));
    if (mark != marks.end() && !mark->second.source.empty()) return mark->second.source;
  }
  return json.dump();
}

std::string Describe(const Json& json, const DecodePlace& place, const FindingList& findings) {
  switch (json.type()) {
    case Json::value_t::null: return "nothing (null)";
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "a list";
    case Json::value_t::string:
      return "the string \"" + Shortened(json.get_ref<const std::string&>()) + "\"";
    case Json::value_t::boolean:
      return "the boolean " + std::string(json.get<bool>() ? "true" : "false");
    default: return "the number " + Shortened(Spelling(json, place, findings));
  }
}

void Expected(std::string_view what, const Json& json, const DecodePlace& place,
              FindingList& findings) {
  findings.Error(place.Path(),
                 "expected " + std::string(what) + ", found " + Describe(json, place, findings));
}

bool SaysNothing(const Json& object, const DecodePlace& place) {
  const auto field = object.find(place.name);
  return field == object.end() || field->empty() || *field == false || *field == "";
}

}  // namespace

std::string DecodePlace::Path() const {
  const std::string above = parent == nullptr ? "" : parent->Path();
  if (index >= 0) return ElementPath(above, static_cast<std::size_t>(index));
  return name.empty() ? above : FieldPath(above, name);
}

void DecodeText(const Json& json, const DecodePlace& place, TextRule rule, FindingList& findings,
                std::string& value) {
  if (json.is_string()) {
    value = json.get_ref<const std::string&>();
    return;
  }
  if (!json.is_number() && !json.is_boolean()) {
    Expected("a string", json, place, findings);
    return;
  }
  const std::string spelling = Spelling(json, place, findings);
  if (rule == TextRule::kScalarsAsSpelled) {
    // 010 is 8 and 1_000 is 1000 to YAML: not what whoever reads the text makes of it.
    if (json.is_number() && std::strtod(spelling.c_str(), nullptr) != json.get<double>()) {
      findings.Error(place.Path(), "YAML reads " + spelling + " as " + json.dump() +
                                       ": write the value you mean in quotes");
      return;
    }
    value = spelling;
    return;
  }
  findings.Error(place.Path(), "expected a string, found " + Describe(json, place, findings) +
                                   ": write it in quotes, \"" + spelling + "\"");
}

void DecodeBool(const Json& json, const DecodePlace& place, FindingList& findings, bool& value) {
  if (!json.is_boolean()) return Expected("true or false", json, place, findings);
  value = json.get<bool>();
}

void DecodeDouble(const Json& json, const DecodePlace& place, FindingList& findings,
                  double& value) {
  if (!json.is_number()) return Expected("a number", json, place, findings);
  value = json.get<double>();
}

void DecodeInteger(const Json& json, const DecodePlace& place, FindingList& findings,
                   std::int64_t min, std::int64_t max, std::int64_t& value) {
  if (!json.is_number_integer()) {
    // 12.0 and 1e3 are whole, for kubectl too.
    constexpr double kExactMax = 1LL << 53;
    const double number = json.is_number() ? json.get<double>() : 0.5;
    if (number != std::floor(number) || std::abs(number) > kExactMax) {
      return Expected(json.is_number() ? "a whole number" : "a number", json, place, findings);
    }
    const Json whole = static_cast<std::int64_t>(number);
    return DecodeInteger(whole, place, findings, min, max, value);
  }
  const bool too_large =
      json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(max);
  if (too_large || json.get<std::int64_t>() < min || json.get<std::int64_t>() > max) {
    findings.Error(place.Path(), Spelling(json, place, findings) + " does not fit: from " +
                                     std::to_string(min) + " to " + std::to_string(max));
    return;
  }
  value = json.get<std::int64_t>();
}

void DecodeTextMap(const Json& json, const DecodePlace& place, FindingList& findings,
                   std::map<std::string, std::string>& value) {
  if (!ExpectObject(json, place, findings)) return;
  for (const auto& [name, text] : json.items()) {
    const DecodePlace entry{&place, name};
    std::string& decoded = value[name];
    if (!text.is_null()) DecodeText(text, entry, TextRule::kStrict, findings, decoded);
  }
}

bool ExpectObject(const Json& json, const DecodePlace& place, FindingList& findings) {
  if (!json.is_object()) Expected("an object", json, place, findings);
  return json.is_object();
}

bool ExpectArray(const Json& json, const DecodePlace& place, FindingList& findings) {
  if (!json.is_array()) Expected("a list", json, place, findings);
  return json.is_array();
}

void IgnoreField(const Json& object, const DecodePlace& place, const char* why,
                 FindingList& findings) {
  if (SaysNothing(object, place)) return;
  findings.Warning(place.Path(), std::string("has no effect on one machine: ") + why);
}

void RefuseField(const Json& object, const DecodePlace& place, const char* instead,
                 FindingList& findings) {
  if (SaysNothing(object, place)) return;
  findings.Unsupported(place.Path(), std::string("is not supported yet: ") + instead);
}

void RejectUnknownFields(const Json& json, const DecodePlace& place,
                         const std::vector<std::string_view>& known, FindingList& findings) {
  for (const auto& [name, value] : json.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    // Where a file keeps what it merges from elsewhere: `x-base: &base {...}`.
    if (place.parent == nullptr && place.name.empty() && name.starts_with("x-")) continue;
    findings.UnknownField(place.Path(), name, known);
  }
}

}  // namespace lockstep
