// JSON -> struct with Fields(): strict, with all findings at once. A field that is null counts as
// left out. What could not be decoded keeps its default.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/api/fields.h"
#include "operators/api/finding_list.h"
#include "operators/api/growing_list.h"

namespace lockstep {

// A place in the JSON, kept as a chain on the stack: only findings need it as text.
struct DecodePlace {
  const DecodePlace* parent = nullptr;
  std::string_view name;  // of a field
  std::ptrdiff_t index = -1;

  std::string Path() const;
};

// How a field of text treats `0.01` without quotes: as an error, or (where Katib's users write
// numbers) as its spelling.
enum class TextRule : std::uint8_t { kStrict, kScalarsAsSpelled };

void DecodeText(const Json& json, const DecodePlace& place, TextRule rule, FindingList& findings,
                std::string& value);
void DecodeBool(const Json& json, const DecodePlace& place, FindingList& findings, bool& value);
void DecodeDouble(const Json& json, const DecodePlace& place, FindingList& findings, double& value);
void DecodeInteger(const Json& json, const DecodePlace& place, FindingList& findings,
                   std::int64_t min, std::int64_t max, std::int64_t& value);
void DecodeTextMap(const Json& json, const DecodePlace& place, FindingList& findings,
                   std::map<std::string, std::string>& value);
// False, with a finding, when `json` is neither an object nor an array, as wanted.
bool ExpectObject(const Json& json, const DecodePlace& place, FindingList& findings);
bool ExpectArray(const Json& json, const DecodePlace& place, FindingList& findings);
// A warning when the field `place.name` of `object` is there and says something.
void IgnoreField(const Json& object, const DecodePlace& place, const char* why,
                 FindingList& findings);
// A finding when the field `place.name` of `object` is there and says something.
void RefuseField(const Json& object, const DecodePlace& place, const char* instead,
                 FindingList& findings);
void RejectUnknownFields(const Json& json, const DecodePlace& place,
                         const std::vector<std::string_view>& known, FindingList& findings);

template <HasFields T>
void DecodeValue(const Json& json, const DecodePlace& place, TextRule, FindingList& findings,
                 T& value);

inline void DecodeValue(const Json& json, const DecodePlace&, TextRule, FindingList&, Json& value) {
  value = json;
}
inline void DecodeValue(const Json& json, const DecodePlace& place, TextRule rule,
                        FindingList& findings, std::string& value) {
  DecodeText(json, place, rule, findings, value);
}
inline void DecodeValue(const Json& json, const DecodePlace& place, TextRule, FindingList& findings,
                        std::map<std::string, std::string>& value) {
  DecodeTextMap(json, place, findings, value);
}
template <class T>
  requires std::is_arithmetic_v<T>
void DecodeValue(const Json& json, const DecodePlace& place, TextRule, FindingList& findings,
                 T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    DecodeBool(json, place, findings, value);
  } else if constexpr (std::is_same_v<T, double>) {
    DecodeDouble(json, place, findings, value);
  } else {
    std::int64_t wide = value;
    DecodeInteger(json, place, findings, std::numeric_limits<T>::min(),
                  std::numeric_limits<T>::max(), wide);
    value = static_cast<T>(wide);
  }
}
template <class T>
void DecodeValue(const Json& json, const DecodePlace& place, TextRule rule, FindingList& findings,
                 std::optional<T>& value) {
  if constexpr (std::is_arithmetic_v<T>) {  // a 0 that nobody wrote would break other rules
    const std::size_t before = findings.findings().size();
    T decoded{};
    DecodeValue(json, place, rule, findings, decoded);
    if (findings.findings().size() == before) value = decoded;
  } else {
    value.emplace();
    DecodeValue(json, place, rule, findings, *value);
  }
}
template <class T>
void DecodeValue(const Json& json, const DecodePlace& place, TextRule rule, FindingList& findings,
                 std::vector<T>& values) {
  if (!ExpectArray(json, place, findings)) return;
  values.clear();
  values.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const DecodePlace element{&place, {}, static_cast<std::ptrdiff_t>(i)};
    DecodeValue(json[i], element, rule, findings, values.emplace_back());
  }
}
template <class T>
void DecodeValue(const Json& json, const DecodePlace& place, TextRule rule, FindingList& findings,
                 GrowingList<T>& values) {
  std::vector<T> decoded;
  DecodeValue(json, place, rule, findings, decoded);
  values = GrowingList<T>(std::move(decoded));
}

class Decoder {
 public:
  Decoder(const Json& object, const DecodePlace& place, TextRule rule, FindingList& findings)
      : object_(object), place_(place), rule_(rule), findings_(findings) {}

  template <class T>
  void Field(const char* name, T& value, const char*) {
    known_.emplace_back(name);
    const auto field = object_.find(name);
    if (field == object_.end()) return;
    if (field->is_null()) return;
    DecodeValue(*field, DecodePlace{&place_, name}, rule_, findings_, value);
  }
  // What a server sets or a cluster alone needs: taken, and not kept.
  void Dropped(std::initializer_list<const char*> names) {
    known_.insert(known_.end(), names.begin(), names.end());
  }
  // What a cluster alone needs, and somebody may have meant: a warning each, unless it is empty.
  void Ignored(const char* why, std::initializer_list<const char*> names) {
    known_.insert(known_.end(), names.begin(), names.end());
    for (const char* const name : names) {
      IgnoreField(object_, DecodePlace{&place_, name}, why, findings_);
    }
  }
  // What would change the run and is not built: unsupported, with the next step, unless it is
  // empty.
  void Refused(const char* instead, std::initializer_list<const char*> names) {
    known_.insert(known_.end(), names.begin(), names.end());
    for (const char* const name : names) {
      RefuseField(object_, DecodePlace{&place_, name}, instead, findings_);
    }
  }
  // `extra`: names that are known to the caller.
  void Finish(const std::vector<std::string_view>& extra) {
    known_.insert(known_.end(), extra.begin(), extra.end());
    RejectUnknownFields(object_, place_, known_, findings_);
  }

 private:
  const Json& object_;
  const DecodePlace& place_;
  TextRule rule_;
  FindingList& findings_;
  std::vector<std::string_view> known_;
};

// `extra`: fields of the JSON that the caller reads itself.
template <HasFields T>
void DecodeStruct(const Json& json, const DecodePlace& place, FindingList& findings, T& value,
                  const std::vector<std::string_view>& extra = {}) {
  if (!ExpectObject(json, place, findings)) return;
  constexpr bool kSpelled = std::is_same_v<T, FeasibleSpace> || std::is_same_v<T, AlgorithmSetting>;
  Decoder decoder(json, place, kSpelled ? TextRule::kScalarsAsSpelled : TextRule::kStrict,
                  findings);
  T::Fields(value, decoder);
  decoder.Finish(extra);
}

template <HasFields T>
void DecodeValue(const Json& json, const DecodePlace& place, TextRule, FindingList& findings,
                 T& value) {
  DecodeStruct(json, place, findings, value);
}

}  // namespace lockstep
