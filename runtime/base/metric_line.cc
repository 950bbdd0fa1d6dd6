#include "runtime/base/metric_line.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

namespace lockstep {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr WallTime kFirstTime = sys_days(std::chrono::year(0) / 1 / 1);
constexpr WallTime kEndOfTime = sys_days(std::chrono::year(10000) / 1 / 1);

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsNameCharacter(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '|' ||
         c == '-';
}

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsNameCharacter);
}

void AppendValue(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "nan";  // never "-nan": the sign of a NaN means nothing
    return;
  }
  // A step of 100000 as "1e+05" would be no whole number to whoever reads it as one.
  constexpr double kWholeMax = 1e18;  // 18 digits, as many as a step has for our log parser
  const bool whole = value == std::trunc(value) && std::abs(value) < kWholeMax;
  char buffer[32];
  char* const end = buffer + sizeof buffer;
  out.append(buffer, whole ? std::to_chars(buffer, end, value, std::chars_format::fixed).ptr
                           : std::to_chars(buffer, end, value).ptr);
}

std::optional<double> ParseValue(std::string_view text) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  // from_chars would also take "NaN", "infinity" and "nan(...)".
  if (text.find_first_not_of("0123456789+-.eE") != text.npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Reads a text from left to right and remembers where it stands.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  std::size_t position() const { return position_; }
  bool AtEnd() const { return position_ == text_.size(); }

  // Takes one of `wanted`.
  bool Take(std::string_view wanted) {
    if (AtEnd() || wanted.find(text_[position_]) == wanted.npos) return false;
    ++position_;
    return true;
  }

  // Takes exactly `digits` digits that make a number between low and high.
  std::optional<int> TakeNumber(int digits, int low, int high) {
    int number = 0;
    for (int i = 0; i < digits; ++i) {
      const std::size_t at = position_ + static_cast<std::size_t>(i);
      if (at >= text_.size() || !IsDigit(text_[at])) return std::nullopt;
      number = number * 10 + (text_[at] - '0');
    }
    if (number < low || number > high) return std::nullopt;
    position_ += static_cast<std::size_t>(digits);
    return number;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

struct Wrong {
  std::size_t position;
  const char* wanted;
};

std::optional<Wrong> TakeDate(Cursor& in, WallTime& time) {
  const auto year = in.TakeNumber(4, 0, 9999);
  if (!year) return Wrong{in.position(), "a year of four digits"};
  if (!in.Take("-")) return Wrong{in.position(), "'-' after the year"};
  const auto month = in.TakeNumber(2, 1, 12);
  if (!month) return Wrong{in.position(), "a month from 01 to 12"};
  if (!in.Take("-")) return Wrong{in.position(), "'-' after the month"};
  const std::size_t day_position = in.position();
  const auto day = in.TakeNumber(2, 1, 31);
  if (!day) return Wrong{day_position, "a day from 01 to 31"};
  const year_month_day date{std::chrono::year(*year), std::chrono::month(unsigned(*month)),
                            std::chrono::day(unsigned(*day))};
  if (!date.ok()) return Wrong{day_position, "a day that this month has"};
  time = sys_days(date);
  return std::nullopt;
}

std::optional<Wrong> TakeTimeOfDay(Cursor& in, WallTime& time) {
  if (!in.Take("Tt")) return Wrong{in.position(), "'T' between date and time"};
  const auto hour = in.TakeNumber(2, 0, 23);
  if (!hour) return Wrong{in.position(), "an hour from 00 to 23"};
  if (!in.Take(":")) return Wrong{in.position(), "':' after the hour"};
  const auto minute = in.TakeNumber(2, 0, 59);
  if (!minute) return Wrong{in.position(), "a minute from 00 to 59"};
  if (!in.Take(":")) return Wrong{in.position(), "':' after the minute"};
  const auto second = in.TakeNumber(2, 0, 59);
  if (!second) return Wrong{in.position(), "a second from 00 to 59"};
  time += std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
  if (!in.Take(".")) return std::nullopt;
  int nanosecond_weight = 100'000'000;
  int nanoseconds = 0;
  for (; nanosecond_weight > 0; nanosecond_weight /= 10) {
    const auto digit = in.TakeNumber(1, 0, 9);
    if (!digit) break;
    nanoseconds += *digit * nanosecond_weight;
  }
  if (nanosecond_weight == 100'000'000) return Wrong{in.position(), "a digit after '.'"};
  time += microseconds(nanoseconds / 1000);
  return std::nullopt;
}

std::optional<Wrong> TakeOffset(Cursor& in, WallTime& time) {
  if (in.Take("Zz")) return std::nullopt;
  const bool ahead = in.Take("+");
  if (!ahead && !in.Take("-")) {
    return Wrong{in.position(),
                 "'Z' or an offset such as +01:00 (at most nine digits of a second)"};
  }
  const auto hours = in.TakeNumber(2, 0, 23);
  if (!hours) return Wrong{in.position(), "hours of the offset from 00 to 23"};
  if (!in.Take(":")) return Wrong{in.position(), "':' in the offset"};
  const auto minutes = in.TakeNumber(2, 0, 59);
  if (!minutes) return Wrong{in.position(), "minutes of the offset from 00 to 59"};
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  time += ahead ? -offset : offset;
  return std::nullopt;
}

std::optional<Wrong> TakeTime(std::string_view text, WallTime& time) {
  Cursor in(text);
  if (auto wrong = TakeDate(in, time)) return wrong;
  if (auto wrong = TakeTimeOfDay(in, time)) return wrong;
  if (auto wrong = TakeOffset(in, time)) return wrong;
  if (!in.AtEnd()) return Wrong{in.position(), "nothing after the time"};
  if (time < kFirstTime || time >= kEndOfTime) return Wrong{0, "a year from 0000 to 9999 in UTC"};
  return std::nullopt;
}

Status WrongAt(std::string_view what, std::string_view text, const Wrong& wrong) {
  constexpr std::size_t kShown = 200;
  std::string message(what);
  message += ", column " + std::to_string(wrong.position + 1) + ": expected " + wrong.wanted;
  message += " in \"" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "");
  return InvalidArgument(message + "\"");
}

}  // namespace

std::string FormatTime(WallTime time) {
  CHECK(time >= kFirstTime && time < kEndOfTime) << "RFC 3339 has years 0000 to 9999 only";
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char buffer[80];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                int(clock.minutes().count()), int(clock.seconds().count()),
                int(clock.subseconds().count()));
  return buffer;
}

Result<WallTime> ParseTime(std::string_view text) {
  WallTime time;
  if (auto wrong = TakeTime(text, time)) return WrongAt("RFC 3339 time", text, *wrong);
  return time;
}

Result<std::string> FormatMetricLine(const MetricLine& line) {
  if (line.values.empty()) return InvalidArgument("a metric line needs at least one value");
  if (line.time < kFirstTime || line.time >= kEndOfTime) {
    return InvalidArgument("a metric line's time must be in a year from 0000 to 9999");
  }
  std::string text = FormatTime(line.time);
  for (const auto& [name, value] : line.values) {
    if (!IsName(name)) {
      return InvalidArgument("metric name \"" + name +
                             "\": use letters, digits, '_', '|' and '-' only, so that Katib's "
                             "default filter finds it");
    }
    text += " " + name + "=";
    AppendValue(value, text);
  }
  return text;
}

Result<MetricLine> ParseMetricLine(std::string_view text) {
  const auto wrong_at = [&](std::size_t position, const char* wanted) {
    return WrongAt("metric line", text, {position, wanted});
  };
  MetricLine line;
  std::size_t space = std::min(text.find(' '), text.size());
  if (auto wrong = TakeTime(text.substr(0, space), line.time)) {
    return wrong_at(wrong->position, wrong->wanted);
  }
  if (space == text.size()) return wrong_at(space, "' ' and name=value after the time");
  while (space < text.size()) {
    const std::size_t name = space + 1;
    space = std::min(text.find(' ', name), text.size());
    const std::string_view pair = text.substr(name, space - name);
    const auto name_end = std::find_if_not(pair.begin(), pair.end(), IsNameCharacter);
    const auto length = static_cast<std::size_t>(name_end - pair.begin());
    if (length == 0) return wrong_at(name, "a metric name");
    if (name_end == pair.end() || *name_end != '=') return wrong_at(name + length, "'='");
    const auto value = ParseValue(pair.substr(length + 1));
    if (!value) return wrong_at(name + length + 1, "a number, nan, inf or -inf");
    line.values.emplace_back(pair.substr(0, length), *value);
  }
  return line;
}

}  // namespace lockstep
