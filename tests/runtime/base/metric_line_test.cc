#include "runtime/base/metric_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace lockstep {
namespace {

using std::chrono::microseconds;
using std::chrono::sys_days;
using std::chrono::year;
using testing::HasSubstr;

const WallTime kTime = sys_days(year(2026) / 11 / 22) + std::chrono::hours(6) +
                       std::chrono::minutes(30) + microseconds(123456);

MetricLine LineOf(double value) { return {kTime, {{"loss", value}}}; }

TEST(MetricLine, LooksAsItsHeaderSays) {
  const MetricLine line = {kTime, {{"epoch", 3}, {"loss", 0.2183}, {"val|top-1_acc", 0.914}}};
  EXPECT_EQ(*FormatMetricLine(line),
            "2026-11-22T06:30:00.123456Z epoch=3 loss=0.2183 val|top-1_acc=0.914");
  const auto parsed = ParseMetricLine(*FormatMetricLine(line));
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(parsed->time, line.time);
  EXPECT_EQ(parsed->values, line.values);
}

TEST(MetricLine, SpellsSpecialValuesAndFindsThemAgain) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  EXPECT_THAT(*FormatMetricLine(LineOf(kInf)), testing::EndsWith(" loss=inf"));
  EXPECT_THAT(*FormatMetricLine(LineOf(-kInf)), testing::EndsWith(" loss=-inf"));
  EXPECT_THAT(*FormatMetricLine(LineOf(std::nan(""))), testing::EndsWith(" loss=nan"));
  EXPECT_THAT(*FormatMetricLine(LineOf(-std::nan(""))), testing::EndsWith(" loss=nan"));
  EXPECT_EQ(ParseMetricLine(*FormatMetricLine(LineOf(-kInf)))->values[0].second, -kInf);
  EXPECT_TRUE(std::isnan(ParseMetricLine(*FormatMetricLine(LineOf(NAN)))->values[0].second));
}

void ExpectRoundTrip(double value) {
  const auto text = FormatMetricLine(LineOf(value));
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  const auto line = ParseMetricLine(*text);
  ASSERT_TRUE(line.ok()) << line.status().ToString();
  const double back = line->values[0].second;
  if (std::isnan(value)) {
    EXPECT_TRUE(std::isnan(back)) << *text;
  } else {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value)) << *text;
  }
}

TEST(MetricLine, EveryDoubleReadsBackBitForBit) {
  using Limits = std::numeric_limits<double>;
  for (double value : {0.0, -0.0, 0.1, 1e22, 1e-7, Limits::min(), Limits::max(), Limits::lowest(),
                       Limits::denorm_min(), -Limits::denorm_min(), Limits::epsilon()}) {
    ExpectRoundTrip(value);
  }
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 10'000; ++i) ExpectRoundTrip(std::bit_cast<double>(random()));
  constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 52) - 1;
  for (int i = 0; i < 1'000; ++i) ExpectRoundTrip(std::bit_cast<double>(random() & kMantissa));
}

TEST(MetricLine, WholeNumbersAreWrittenWithoutAnExponent) {
  EXPECT_THAT(*FormatMetricLine(LineOf(100000)), testing::EndsWith(" loss=100000"));
  EXPECT_THAT(*FormatMetricLine(LineOf(-1e17)), testing::EndsWith(" loss=-100000000000000000"));
  EXPECT_THAT(*FormatMetricLine(LineOf(1e18)), testing::EndsWith(" loss=1e+18"));
  EXPECT_THAT(*FormatMetricLine(LineOf(1e-5)), testing::EndsWith(" loss=1e-05"));
}

TEST(MetricLine, IsNotWrittenWithoutValuesOrWithNamesThatKatibCannotFind) {
  EXPECT_EQ(FormatMetricLine({kTime, {}}).status().kind(), StatusKind::kInvalidArgument);
  for (const char* name : {"", "a b", "a=b", "a.b", "a/b", "\xc3\xa9", "a\n"}) {
    const auto text = FormatMetricLine({kTime, {{"ok", 1}, {name, 1}}});
    EXPECT_EQ(text.status().kind(), StatusKind::kInvalidArgument) << name;
    EXPECT_THAT(text.status().message(), HasSubstr(std::string("\"") + name + "\""));
  }
  EXPECT_EQ(FormatMetricLine({sys_days(year(10000) / 1 / 1), {{"a", 1}}}).status().kind(),
            StatusKind::kInvalidArgument);
}

TEST(MetricLine, ErrorsNameTheFirstWrongColumn) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"", "column 1: expected a year"},
      {"epoch=3 loss=0.2", "column 1: expected a year"},
      {"2026-11-22T06:30:00.123456Z", "column 28: expected ' ' and name=value"},
      {"2026-11-22T06:30:00.123456Z ", "column 29: expected a metric name"},
      {"2026-11-22T06:30:00.123456Z  a=1", "column 29: expected a metric name"},
      {"2026-11-22T06:30:00.123456Z =1", "column 29: expected a metric name"},
      {"2026-11-22T06:30:00.123456Z a", "column 30: expected '='"},
      {"2026-11-22T06:30:00.123456Z a.b=1", "column 30: expected '='"},
      {"2026-11-22T06:30:00.123456Z a=", "column 31: expected a number"},
      {"2026-11-22T06:30:00.123456Z a=1 ", "column 33: expected a metric name"},
      {"2026-11-22T06:30:00.123456Z a=1 b=x", "column 35: expected a number"},
      {"2026-11-22T06:30:00.123456Z a=1\n", "column 31: expected a number"},
      {"2026-11-22T06:30:00.123456Z a=+1", "column 31: expected a number"},
      {"2026-11-22T06:30:00.123456Z a=0x1", "column 31: expected a number"},
      {"2026-11-22T06:30:00.123456Z a=infinity", "column 31: expected a number"},
      {"2026-11-22T06:30:00.123456Z a=nan(1)", "column 31: expected a number"},
      {"2026-11-22T06:30:00.123456Z a=1e999", "column 31: expected a number"},
  };
  for (const Case& c : cases) {
    const auto line = ParseMetricLine(c.text);
    EXPECT_EQ(line.status().kind(), StatusKind::kInvalidArgument) << c.text;
    EXPECT_THAT(line.status().message(), HasSubstr(c.message)) << c.text;
  }
}

TEST(MetricLine, MessagesShowAtMostTheBeginningOfALongLine) {
  EXPECT_LT(ParseMetricLine(std::string(1'000'000, 'x')).status().message().size(), 300u);
}

TEST(Time, PrintsEveryYearThatRfc3339Has) {
  EXPECT_EQ(FormatTime(WallTime(microseconds(0))), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(WallTime(microseconds(-1))), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatTime(sys_days(year(0) / 1 / 1)), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(sys_days(year(10000) / 1 / 1) - microseconds(1)),
            "9999-12-31T23:59:59.999999Z");
}

TEST(Time, ReadsBackWhatItPrints) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> any(-62'167'219'200'000'000, 253'402'300'799'999'999);
  for (int i = 0; i < 10'000; ++i) {
    const WallTime time{microseconds(any(random))};
    ASSERT_EQ(*ParseTime(FormatTime(time)), time) << FormatTime(time);
  }
}

TEST(Time, UnderstandsOffsetsFractionsAndLeapDays) {
  EXPECT_EQ(*ParseTime("2026-11-22T08:00:00.123456+01:30"), kTime);
  EXPECT_EQ(*ParseTime("2026-11-21T23:30:00.123456-07:00"), kTime);
  EXPECT_EQ(*ParseTime("2026-11-22t06:30:00.123456z"), kTime);
  EXPECT_EQ(*ParseTime("2026-11-22T06:30:00.123456999Z"), kTime);  // cut, not rounded
  EXPECT_EQ(*ParseTime("2026-11-22T06:30:00.5Z"), kTime + microseconds(500'000 - 123'456));
  EXPECT_EQ(*ParseTime("2026-11-22T06:30:00Z"), kTime - microseconds(123'456));
  EXPECT_EQ(*ParseTime("1969-12-31T23:59:59.9999999Z"), WallTime(microseconds(-1)));
  for (const char* leap_day : {"2024-02-29", "2000-02-29", "0000-02-29"}) {
    EXPECT_TRUE(ParseTime(std::string(leap_day) + "T00:00:00Z").ok()) << leap_day;
  }
}

TEST(Time, RefusesWhatRfc3339DoesNotAllowAndSaysWhere) {
  struct Case {
    const char* text;
    int column;
  };
  const Case cases[] = {
      {"26-11-22T06:30:00Z", 1},
      {"2026/11/22T06:30:00Z", 5},
      {"2026-13-22T06:30:00Z", 6},
      {"2026-00-22T06:30:00Z", 6},
      {"2026-1-22T06:30:00Z", 6},
      {"2026-11:22T06:30:00Z", 8},
      {"2026-11-31T06:30:00Z", 9},
      {"2026-11-00T06:30:00Z", 9},
      {"2025-02-29T06:30:00Z", 9},
      {"1900-02-29T06:30:00Z", 9},
      {"2026-11-22 06:30:00Z", 11},
      {"2026-11-22", 11},
      {"2026-11-22T24:00:00Z", 12},
      {"2026-11-22T06-30:00Z", 14},
      {"2026-11-22T06:60:00Z", 15},
      {"2026-11-22T06:30", 17},
      {"2026-11-22T06:30:60Z", 18},
      {"2026-11-22T06:30:00", 20},
      {"2026-11-22T06:30:00.Z", 21},
      {"2026-11-22T06:30:00,5Z", 20},
      {"2026-11-22T06:30:00.1234567890Z", 30},
      {"2026-11-22T06:30:00+24:00", 21},
      {"2026-11-22T06:30:00+0100", 23},
      {"2026-11-22T06:30:00+01:60", 24},
      {"2026-11-22T06:30:00Z ", 21},
      {"0000-01-01T00:00:00+00:01", 1},
      {"9999-12-31T23:59:59-00:01", 1},
  };
  for (const Case& c : cases) {
    const auto time = ParseTime(c.text);
    EXPECT_EQ(time.status().kind(), StatusKind::kInvalidArgument) << c.text;
    EXPECT_THAT(time.status().message(), HasSubstr("column " + std::to_string(c.column) + ":"))
        << c.text;
  }
}

}  // namespace
}  // namespace lockstep
