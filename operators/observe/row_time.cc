#include "operators/observe/row_time.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

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

struct CivilDate {
  std::int64_t year;
  std::int64_t month;
  std::int64_t day;
};

// std::chrono's years end at 32767. The shift to years that begin in March of year 0 puts the leap
// day last; 146097 days are 400 years.
CivilDate DateOfDays(std::int64_t days_since_epoch) {
  const std::int64_t days = days_since_epoch + 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

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

std::string FormatRowTime(const RowTime& time) {
  constexpr std::int64_t kDay = 86400;
  const std::int64_t second = (time.seconds % kDay + kDay) % kDay;
  const CivilDate date = DateOfDays(time.seconds / kDay - (time.seconds % kDay < 0 ? 1 : 0));
  char text[160];
  std::snprintf(text, sizeof text, "%s%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%09lld",
                date.year < 0 ? "-" : "", static_cast<long long>(std::abs(date.year)),
                static_cast<long long>(date.month), static_cast<long long>(date.day),
                static_cast<long long>(second / 3600), static_cast<long long>(second / 60 % 60),
                static_cast<long long>(second % 60), static_cast<long long>(time.nanoseconds));
  std::string shortest = text;
  shortest.erase(shortest.find_last_not_of('0') + 1);
  if (shortest.ends_with('.')) shortest.pop_back();
  return shortest + "Z";
}

}  // namespace lockstep
