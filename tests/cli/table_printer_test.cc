#include "cli/table_printer.h"

#include <gtest/gtest.h>

#include "cli/object_table.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

TEST(FormatTable, ColumnsAreAsWideAsTheirContent) {
  EXPECT_EQ(FormatTable({{"NAME", "STATE", "AGE"}, {{"a", "Running", "5s"}, {"longer", "", "1m"}}}),
            "NAME     STATE     AGE\n"
            "a        Running   5s\n"
            "longer   -         1m\n");
}

TEST(FormatTable, CountsLettersNotBytes) {
  EXPECT_EQ(FormatTable({{"N", "X"}, {{"é", "1"}, {"ab", "2"}}}), "N    X\né    1\nab   2\n");
}

TEST(FormatTable, NothingIsNothing) { EXPECT_EQ(FormatTable({{"NAME"}, {}}), ""); }

TEST(CutToWidth, MarksWhatIsMissing) {
  EXPECT_EQ(CutToWidth("accuracy", 8), "accuracy");
  EXPECT_EQ(CutToWidth("accuracy", 4), "acc…");
  EXPECT_EQ(CutToWidth("ééé", 2), "é…");
  EXPECT_EQ(CutToWidth("abc", 0), "");
}

TEST(FormatDuration, AsKubectlWritesAges) {
  EXPECT_EQ(FormatDuration(0s), "0s");
  EXPECT_EQ(FormatDuration(59s), "59s");
  EXPECT_EQ(FormatDuration(60s), "1m");
  EXPECT_EQ(FormatDuration(185s), "3m5s");
  EXPECT_EQ(FormatDuration(2h + 10min), "2h10m");
  EXPECT_EQ(FormatDuration(99h), "4d3h");
  EXPECT_EQ(FormatDuration(-5s), "0s") << "clocks may differ; ages are never negative";
}

TEST(FormatSpan, RunsUntilNowWhenThereIsNoEnd) {
  const WallTime now = *ParseTime("2026-01-01T00:01:30Z");
  EXPECT_EQ(FormatSpan("2026-01-01T00:00:00Z", "", now), "1m30s");
  EXPECT_EQ(FormatSpan("2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z", now), "10s");
  EXPECT_EQ(FormatSpan("", "", now), "");
}

TEST(ShortNumber, HasAtMostFiveDigits) {
  EXPECT_EQ(ShortNumber("0.31465215759277343"), "0.31465");
  EXPECT_EQ(ShortNumber("-0.000123456789"), "-0.00012346");
  EXPECT_EQ(ShortNumber("0.90"), "0.9");
  EXPECT_EQ(ShortNumber("12"), "12");
  EXPECT_EQ(ShortNumber("60000"), "60000");
  EXPECT_EQ(ShortNumber("1234567.891"), "1234568") << "a whole part stays whole";
  for (const char* text : {"", "nan", "-inf", "unavailable", "1e300"}) {
    EXPECT_EQ(ShortNumber(text), text);
  }
}

}  // namespace
}  // namespace lockstep
