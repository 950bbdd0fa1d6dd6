#include "operators/convert/quantity.h"

#include <algorithm>
#include <string>
#include <string_view>

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

}  // namespace lockstep
