#include "operators/observe/epoch_seconds.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

namespace lockstep {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::int64_t kYear1 = -62'135'596'800;
constexpr std::int64_t kYear10000 = 253'402'300'800;

struct Decimal {
  std::string whole;     // with its sign
  std::string fraction;  // without the point; may be empty
};

// Without exponent: Go's strconv.FormatFloat(value, 'f', -1, 64). std::chars_format::fixed would
// print all digits of a large number; Go fills up with zeros.
Decimal PlainDecimal(double value) {
  std::array<char, 32> buffer;
  const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                     std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(printed.ptr - buffer.data()));
  Decimal decimal;
  if (text.starts_with('-')) decimal.whole = "-";
  text.remove_prefix(decimal.whole.size());
  const std::size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  const std::string_view exponent_text = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (exponent < 0) {
    digits.insert(0, static_cast<std::size_t>(-exponent), '0');
    exponent = 0;
  }
  const std::size_t whole_digits = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole_digits) digits.resize(whole_digits, '0');
  decimal.whole += digits.substr(0, whole_digits);
  decimal.fraction = digits.substr(whole_digits);
  return decimal;
}

std::optional<std::int64_t> Integer(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<RowTime> TimeOfEpochSeconds(double seconds) {
  if (!(seconds >= static_cast<double>(kYear1) && seconds < static_cast<double>(kYear10000))) {
    return std::nullopt;
  }
  Decimal decimal = PlainDecimal(seconds);
  decimal.fraction.resize(9, '0');
  const std::int64_t whole = Integer(decimal.whole).value_or(0);
  const std::int64_t nanoseconds = Integer(decimal.fraction).value_or(0);
  if (!std::signbit(seconds) || nanoseconds == 0) return RowTime{whole, nanoseconds};
  return RowTime{whole - 1, kNanosecondsPerSecond - nanoseconds};
}

std::optional<RowTime> KatibTimeOfEpochSeconds(double seconds) {
  if (!std::isfinite(seconds)) return std::nullopt;
  const Decimal decimal = PlainDecimal(seconds);
  const std::optional<std::int64_t> whole = Integer(decimal.whole);
  const std::optional<std::int64_t> nanoseconds =
      decimal.fraction.empty() ? 0 : Integer(decimal.fraction);
  if (!whole || !nanoseconds) return std::nullopt;
  return RowTime{*whole + *nanoseconds / kNanosecondsPerSecond,
                 *nanoseconds % kNanosecondsPerSecond};
}

}  // namespace lockstep
