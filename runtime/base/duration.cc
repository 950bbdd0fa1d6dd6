#include "runtime/base/duration.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace lockstep {
namespace {

struct Unit {
  std::string_view name;
  double milliseconds;
};
// "ms" before "m".
constexpr std::array<Unit, 5> kUnits = {
    Unit{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3'600e3}, {"d", 86'400e3}};
constexpr double kMillisecondsMax = 3650.0 * 86'400e3;

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const Status wrong = InvalidArgument("'" + std::string(text) +
                                       "' is no duration; write it as 30s, 1h30m or 250ms");
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return wrong;
  double total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc() || rest[0] == '-' || !std::isfinite(number)) return wrong;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const Unit* found = nullptr;
    for (const Unit& unit : kUnits) {
      if (found == nullptr && rest.starts_with(unit.name)) found = &unit;
    }
    if (found == nullptr) return wrong;
    rest.remove_prefix(found->name.size());
    total += number * found->milliseconds;
  }
  if (total > kMillisecondsMax) return wrong;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::llround(total)));
}

}  // namespace lockstep
