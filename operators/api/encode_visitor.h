// Struct with Fields() -> JSON. Left out, as Kubernetes does: empty text, lists, maps and structs,
// false, null, and numbers that are what a default-constructed struct has (so that reading back
// gives the same value). What is optional is written whenever it is there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "operators/api/fields.h"
#include "operators/api/growing_list.h"
#include "operators/codec/json.h"

namespace lockstep {

inline Json EncodeValue(const Json& value) { return value; }
inline Json EncodeValue(const std::string& value) { return value; }
template <class T>
  requires std::is_arithmetic_v<T>
Json EncodeValue(T value) {
  return value;
}
template <class T>
Json EncodeValue(const std::vector<T>& values);
template <class T>
Json EncodeValue(const GrowingList<T>& values);
inline Json EncodeValue(const std::map<std::string, std::string>& values) { return values; }
template <HasFields T>
Json EncodeValue(const T& value);

// The numbers of a default-constructed struct, in the order of its fields.
class NumberCollector {
 public:
  template <class T>
  void Field(const char*, const T& value, const char*) {
    if constexpr (std::is_arithmetic_v<T>) numbers.emplace_back(value);
  }
  void Dropped(std::initializer_list<const char*>) {}
  void Ignored(const char*, std::initializer_list<const char*>) {}
  void Refused(const char*, std::initializer_list<const char*>) {}
  std::vector<Json> numbers;
};

template <class T>
const std::vector<Json>& DefaultNumbers() {
  static const std::vector<Json> numbers = [] {
    const T value{};
    NumberCollector collector;
    T::Fields(value, collector);
    return std::move(collector.numbers);
  }();
  return numbers;
}

class Encoder {
 public:
  explicit Encoder(const std::vector<Json>& default_numbers) : defaults_(default_numbers) {}

  template <class T>
  void Field(const char* name, const T& value, const char*) {
    if constexpr (std::is_arithmetic_v<T>) {
      if (Json number = value; number != defaults_[number_++]) object[name] = std::move(number);
    } else {
      if constexpr (requires { value.empty(); } && !std::is_same_v<T, Json>) {
        if (value.empty()) return;  // most of an object's fields: nothing is made to be thrown away
      }
      Json encoded = EncodeValue(value);
      const bool empty_text = encoded.is_string() && encoded.get_ref<std::string&>().empty();
      // Raw JSON is the user's: only null means that it is not there.
      const bool left_out =
          std::is_same_v<T, Json> ? encoded.is_null() : encoded.empty() || empty_text;
      if (!left_out) object[name] = std::move(encoded);
    }
  }
  template <class T>
  void Field(const char* name, const std::optional<T>& value, const char*) {
    if (value) object[name] = EncodeValue(*value);
  }
  void Dropped(std::initializer_list<const char*>) {}
  void Ignored(const char*, std::initializer_list<const char*>) {}
  void Refused(const char*, std::initializer_list<const char*>) {}

  Json object = Json::object();

 private:
  const std::vector<Json>& defaults_;
  std::size_t number_ = 0;
};

template <class T>
Json EncodeValue(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(EncodeValue(value));
  return array;
}

template <class T>
Json EncodeValue(const GrowingList<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(EncodeValue(value));
  return array;
}

template <HasFields T>
Json EncodeValue(const T& value) {
  Encoder encoder(DefaultNumbers<T>());
  T::Fields(value, encoder);
  return std::move(encoder.object);
}

}  // namespace lockstep
