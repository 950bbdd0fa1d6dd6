#include "operators/codec/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace lockstep {
namespace {

template <std::size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 5> kNulls = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 11> kTrues = {"y",  "Y",  "yes",  "Yes",  "YES", "on",
                                                     "On", "ON", "true", "True", "TRUE"};
constexpr std::array<std::string_view, 11> kFalses = {"n",   "N",   "no",    "No",    "NO",   "off",
                                                      "Off", "OFF", "false", "False", "FALSE"};
constexpr std::array<std::string_view, 12> kNotFinite = {".nan",  ".NaN",  ".NAN",  ".inf",
                                                         ".Inf",  ".INF",  "+.inf", "+.Inf",
                                                         "+.INF", "-.inf", "-.Inf", "-.INF"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// 0x, 0o, 0b and a leading 0 (octal) choose the base, as in Go's ParseInt(text, 0, 64).
std::optional<Json> ParseInteger(std::string_view text) {
  const bool negative = text.front() == '-';
  if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    switch (text[1] | 0x20) {
      case 'x': base = 16; break;
      case 'o': base = 8; break;
      case 'b': base = 2; break;
      default:
        if (!IsDigit(text[1])) return {};
        base = 8;
    }
    text.remove_prefix(IsDigit(text[1]) ? 1 : 2);
  }
  std::uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!negative && magnitude > kMax) return Json(magnitude);
  if (!negative) return Json(static_cast<std::int64_t>(magnitude));
  if (magnitude > kMax + 1) return {};
  return Json(static_cast<std::int64_t>(0 - magnitude));
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool IsFloat(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return at - from;
  };
  const auto sign = [&] {
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  };
  sign();
  const std::size_t whole = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() + whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    sign();
    if (digits() == 0) return false;
  }
  return at == text.size();
}

}  // namespace

Json ResolvePlainScalar(std::string_view text) {
  if (IsOneOf(text, kNulls)) return nullptr;
  if (IsOneOf(text, kTrues)) return true;
  if (IsOneOf(text, kFalses)) return false;
  if (IsOneOf(text, kNotFinite)) return Json(Json::value_t::discarded);
  const char first = text.front();
  if (!IsDigit(first) && first != '-' && first != '+' && first != '.') return text;
  std::string number(text);
  std::erase(number, '_');
  if (number.empty()) return text;
  if (first != '.') {
    if (std::optional<Json> integer = ParseInteger(number)) return *std::move(integer);
  }
  if (!IsFloat(number)) return text;
  if (number.front() == '+') number.erase(0, 1);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  // Out of range: too small is zero and too large a string, as in Go.
  if (error == std::errc() && std::isfinite(value)) return value;
  return text;
}

}  // namespace lockstep
