#include "tests/sim/expected_rows.h"

#include <cstdlib>
#include <limits>

namespace lockstep::sim {

double NumberOf(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool whole = !text.empty() && *end == '\0';
  return whole ? value : std::numeric_limits<double>::quiet_NaN();
}

void AddExpectedRows(std::string_view log, std::vector<ExpectedRow>& rows) {
  constexpr std::string_view kName = "loss=";
  constexpr std::string_view kEpoch = "epoch=";
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    const std::size_t at = line.find(kName);
    if (at == line.npos) continue;
    const std::string_view value = line.substr(at + kName.size());
    ExpectedRow row;
    // Digits, then a point only with digits behind it: "0." is 0; "nan7" is no value.
    const std::size_t digits = value.find_first_not_of("0123456789");
    row.value = value.substr(0, digits);
    if (digits != value.npos && value[digits] == '.') {
      const std::string_view fraction = value.substr(digits + 1);
      const std::string_view more = fraction.substr(0, fraction.find_first_not_of("0123456789"));
      if (!more.empty()) row.value += "." + std::string(more);
    }
    if (line.starts_with(kEpoch)) row.step = std::atoll(line.data() + kEpoch.size());
    rows.push_back(row);
  }
}

}  // namespace lockstep::sim
