#include "operators/observe/metric_value.h"

#include <cmath>
#include <cstdlib>
#include <string>

namespace lockstep {
namespace {

bool IsDigit(char c, bool hex) {
  return (c >= '0' && c <= '9') || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

}  // namespace

std::optional<double> ParseMetricValue(std::string_view text) {
  std::string plain;
  std::size_t i = 0;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) plain += text[i++];
  const bool hex = text.size() > i + 1 && text[i] == '0' && (text[i + 1] | 0x20) == 'x';
  if (hex) {
    plain += "0x";
    i += 2;
  }
  bool after_digit = hex;  // the prefix counts as a digit for the underscore behind it
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '_') {
      if (!after_digit || i + 1 == text.size() || !IsDigit(text[i + 1], hex)) return std::nullopt;
      after_digit = false;
      continue;
    }
    after_digit = IsDigit(c, hex);
    const char lower = static_cast<char>(c | 0x20);
    const bool exponent = lower == (hex ? 'p' : 'e');
    if (!after_digit && c != '.' && c != '+' && c != '-' && !exponent) return std::nullopt;
    plain += c;
  }
  // Go, unlike C, insists on the exponent of a hexadecimal number.
  if (plain.empty() || (hex && plain.find_first_of("pP") == std::string::npos)) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(plain.c_str(), &end);
  if (end != plain.c_str() + plain.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace lockstep
