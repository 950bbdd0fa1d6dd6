#include "operators/convert/dns_name.h"

#include <algorithm>

namespace lockstep {
namespace {

constexpr std::size_t kLabelMax = 63;

bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

std::string WhyNoLabel(std::string_view name) {
  const auto inner = [](char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '-'; };
  if (name.empty() || !IsLetter(name.front()) || name.back() == '-' ||
      !std::ranges::all_of(name, inner)) {
    return "would not resolve: host names have lower case letters, digits and -, begin with a "
           "letter and do not end with -";
  }
  if (name.size() > kLabelMax) {
    return "has " + std::to_string(name.size()) + " characters, and no name of more than " +
           std::to_string(kLabelMax) + " resolves";
  }
  return "";
}

}  // namespace lockstep
