#include "cli/log_lines.h"

#include <gtest/gtest.h>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

constexpr char kMerged[] =
    "[init] fetching\n"
    "[0] 2026-01-01T00:00:00Z epoch=1 loss=0.5\n"
    "[1] 2026-01-01T00:00:00Z epoch=1 loss=0.6\n"
    "[0] continued\n"
    "[0] 2026-01-01T00:01:00Z epoch=2 loss=nan\n"
    "[0] continued\n"
    "[1] waits\n"
    "[10] plain";

LogLineOptions Merged() {
  LogLineOptions options;
  options.merged = true;
  return options;
}

// Read in pieces of `size` bytes, all of it there from the start.
std::string Shown(const LogLineOptions& options, std::string_view text, std::size_t size = 7) {
  Result<LogLines> lines = LogLines::Create(options);
  EXPECT_TRUE(lines.ok()) << lines.status().message();
  std::string shown;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    shown += lines->Take(text.substr(0, size));
  }
  return shown + lines->End();
}

TEST(LogLinesTest, RanksAreChosenFromTheMergedLog) {
  LogLineOptions options = Merged();
  EXPECT_EQ(Shown(options, kMerged), std::string(kMerged) + "\n");
  options.ranks = RankSet::Parse("1,3-12").value();
  EXPECT_EQ(Shown(options, kMerged),
            "[1] 2026-01-01T00:00:00Z epoch=1 loss=0.6\n[1] waits\n[10] plain\n");
}

TEST(LogLinesTest, GrepLooksAtWhatTheRankPrinted) {
  LogLineOptions options = Merged();
  options.grep = "^(cont|wait)";
  EXPECT_EQ(Shown(options, kMerged), "[0] continued\n[0] continued\n[1] waits\n");
  options.tail = 1;
  EXPECT_EQ(Shown(options, kMerged), "[1] waits\n");
  options.tail = 0;
  EXPECT_EQ(Shown(options, kMerged), "");
  options.grep = "(";
  EXPECT_NE(LogLines::Create(options).status().message().find("'(' is no RE2"), std::string::npos);
}

TEST(LogLinesTest, SinceGoesByTheTimesOfEachRanksLines) {
  LogLineOptions options = Merged();
  options.since = ParseTime("2026-01-01T00:00:30Z").value();
  EXPECT_EQ(Shown(options, kMerged),
            "[init] fetching\n[0] 2026-01-01T00:01:00Z epoch=2 loss=nan\n[0] continued\n"
            "[10] plain\n");
}

TEST(LogLinesTest, AfterTheTailEverythingIsShown) {
  LogLineOptions options;
  options.tail = 2;
  Result<LogLines> lines = LogLines::Create(options);
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(lines->Take("1\n2\n3\n4\npart"), "");
  EXPECT_EQ(lines->CaughtUp(), "3\n4\n");
  EXPECT_EQ(lines->Take("ly 5\n6\n7\n"), "partly 5\n6\n7\n");
  EXPECT_EQ(lines->Take("8"), "");
  EXPECT_EQ(lines->CaughtUp(), "");
  EXPECT_EQ(lines->End(), "8\n");
  EXPECT_EQ(lines->End(), "");
}

TEST(RankSetTest, RanksAreWrittenAsNumbersAndRanges) {
  const RankSet set = RankSet::Parse("0,3-5").value();
  std::string contained;
  for (int rank = 0; rank < 8; ++rank) contained += set.Contains(rank) ? 'x' : '.';
  EXPECT_EQ(contained, "x..xxx..");
  EXPECT_EQ(set.Highest(), 5);
  EXPECT_FALSE(set.Only());
  EXPECT_EQ(RankSet::Parse("7-7").value().Only(), 7);
  EXPECT_TRUE(RankSet::Parse("all").value().Contains(9));
  for (const char* wrong : {"", "a", "1,", "1-", "-1", "3-1", "1 2", ",1", "99999999999"}) {
    EXPECT_FALSE(RankSet::Parse(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace lockstep
