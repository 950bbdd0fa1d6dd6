#include "operators/convert/quantity.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "runtime/base/check.h"

namespace lockstep {
namespace {

std::size_t TakeDigits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(count);
  return count;
}

bool IsSuffix(std::string_view text) {
  constexpr std::string_view kSuffixes[] = {"",  "n", "u",  "m",  "k",  "M",  "G",  "T",
                                            "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  if (std::find(std::begin(kSuffixes), std::end(kSuffixes), text) != std::end(kSuffixes)) {
    return true;
  }
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  return TakeDigits(text) > 0 && text.empty();
}

double FactorOf(std::string_view suffix) {
  if (suffix.empty()) return 1;
  constexpr std::string_view kDecimal = "kMGTPE";
  constexpr std::string_view kBinary = "KMGTPE";
  if (suffix.ends_with('i')) return std::pow(1024, 1 + kBinary.find(suffix.front()));
  if (suffix == "n") return 1e-9;
  if (suffix == "u") return 1e-6;
  if (suffix == "m") return 1e-3;
  if (const std::size_t power = kDecimal.find(suffix); power != kDecimal.npos) {
    return std::pow(1000, 1 + power);
  }
  int exponent = 0;  // e3, E-2
  suffix.remove_prefix(1);
  if (suffix.starts_with('+')) suffix.remove_prefix(1);
  std::from_chars(suffix.data(), suffix.data() + suffix.size(), exponent);
  return std::pow(10, exponent);
}

}  // namespace

bool IsQuantity(const Json& amount) {
  if (amount.is_number()) return amount.get<double>() >= 0;
  if (!amount.is_string()) return false;
  std::string_view text = amount.get_ref<const std::string&>();
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  std::size_t digits = TakeDigits(text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    digits += TakeDigits(text);
  }
  return digits > 0 && IsSuffix(text);
}

std::optional<double> QuantityOf(const Json& amount) {
  if (!IsQuantity(amount)) return std::nullopt;
  if (amount.is_number()) return amount.get<double>();
  std::string_view text = amount.get_ref<const std::string&>();
  if (text.front() == '+') text.remove_prefix(1);
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double value = 0;
  std::from_chars(text.data(), text.data() + digits, value, std::chars_format::fixed);
  return value * FactorOf(text.substr(digits));
}

}  // namespace lockstep
