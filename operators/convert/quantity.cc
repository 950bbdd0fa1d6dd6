#include "operators/convert/quantity.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
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

double QuantityValue(const Json& amount) {
  CHECK(IsQuantity(amount)) << amount.dump();
  if (amount.is_number()) return amount.get<double>();
  const std::string& text = amount.get_ref<const std::string&>();
  const std::size_t end = text.find_first_not_of("+0123456789.");
  const std::string suffix = end == std::string::npos ? "" : text.substr(end);
  const std::string number = text.substr(0, end);
  const double value = std::strtod(number.c_str(), nullptr);
  if (suffix.starts_with('e') || (suffix.starts_with('E') && suffix.size() > 1 && suffix != "Ei")) {
    return std::strtod(text.c_str(), nullptr);
  }
  if (suffix == "m") return value / 1e3;
  if (suffix == "u") return value / 1e6;
  if (suffix == "n") return value / 1e9;
  if (suffix.empty()) return value;
  const std::size_t at = std::string_view("kMGTPE").find(suffix == "Ki" ? 'k' : suffix[0]);
  return value * std::pow(suffix.ends_with('i') ? 1024 : 1000, static_cast<double>(at + 1));
}

}  // namespace lockstep
