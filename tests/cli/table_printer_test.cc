#include "cli/table_printer.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace lockstep
