// The rows that a simulated log must give: a second, simple reading of the few lines that
// sim_backend.cc writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim {

struct ExpectedRow {
  std::string value;
  std::int64_t step = 0;  // 0: the line says none
  std::int64_t StepOr(std::size_t report) const {
    return step != 0 ? step : static_cast<std::int64_t>(report);
  }
};

// NaN for what is no number.
double NumberOf(const std::string& text);
// Of a whole log that has ended, perhaps in the middle of a line.
void AddExpectedRows(std::string_view log, std::vector<ExpectedRow>& rows);

}  // namespace lockstep::sim
