#include "operators/observe/row_time.h"

#include <chrono>

namespace lockstep {
namespace {

// Reads fixed pieces off the front of a text; `ok` turns false at the first that is not there.
struct Reader {
  std::string_view rest;
  bool ok = true;

  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  int Number(std::size_t digits_min, std::size_t digits_max) {
    std::size_t digits = 0;
    int value = 0;
    while (digits < digits_max && digits < rest.size() && IsDigit(rest[digits])) {
      value = value * 10 + (rest[digits++] - '0');
    }
    ok = ok && digits >= digits_min;
    rest.remove_prefix(digits);
    return value;
  }
  void Literal(char c) {
    ok = ok && rest.starts_with(c);
    if (ok) rest.remove_prefix(1);
  }
  std::int64_t Fraction() {
    if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',') || !IsDigit(rest[1])) return 0;
    rest.remove_prefix(1);
    std::int64_t nanoseconds = 0;
    std::int64_t unit = 100'000'000;
    for (; !rest.empty() && IsDigit(rest[0]); rest.remove_prefix(1), unit /= 10) {
      nanoseconds += unit * (rest[0] - '0');
    }
    return nanoseconds;
  }
  std::int64_t OffsetSeconds() {
    if (rest.starts_with('Z')) {
      rest.remove_prefix(1);
      return 0;
    }
    const bool west = rest.starts_with('-');
    Literal(west ? '-' : '+');
    const int hours = Number(2, 2);
    Literal(':');
    const int minutes = Number(2, 2);
    ok = ok && hours <= 24 && minutes <= 60;
    return (west ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
};

}  // namespace

std::optional<RowTime> ParseRowTime(std::string_view text) {
  Reader in{text};
  const int year = in.Number(4, 4);
  in.Literal('-');
  const int month = in.Number(2, 2);
  in.Literal('-');
  const int day = in.Number(2, 2);
  in.Literal('T');
  const int hour = in.Number(1, 2);
  in.Literal(':');
  const int minute = in.Number(2, 2);
  in.Literal(':');
  const int second = in.Number(2, 2);
  const std::int64_t nanoseconds = in.Fraction();
  const std::int64_t offset = in.OffsetSeconds();
  if (!in.ok || !in.rest.empty() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return RowTime{days * 86400 + hour * 3600 + minute * 60 + second - offset, nanoseconds};
}

}  // namespace lockstep
