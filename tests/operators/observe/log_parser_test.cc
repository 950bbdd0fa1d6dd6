#include "operators/observe/log_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/observe/row_time.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::unique_ptr<LogParser> Make(LogParserOptions options) {
  return std::move(LogParser::Create(std::move(options))).value();
}

std::vector<MetricRow> ParseAll(const LogParser& parser, std::string_view text) {
  ParsedText parsed = parser.Parse(text, true).value();
  EXPECT_EQ(parsed.consumed, text.size());
  EXPECT_EQ(parsed.bad.count, 0u) << parsed.bad.first_reason;
  return std::move(parsed.rows);
}

TEST(LogParser, ReadsALineAsTheReporterWritesIt) {
  const auto parser = Make({.metrics = {"loss", "accuracy"}});
  EXPECT_THAT(ParseAll(*parser, "2026-11-22T06:30:00.123456Z epoch=3 loss=0.2183 accuracy=0.914\n"),
              ElementsAre(MetricRow{"loss", "0.2183", "2026-11-22T06:30:00.123456Z", 3},
                          MetricRow{"accuracy", "0.914", "2026-11-22T06:30:00.123456Z", 3}));
}

TEST(LogParser, TakesTheStepWhereThereIsNoEpoch) {
  const auto parser = Make({.metrics = {"loss"}});
  EXPECT_EQ(ParseAll(*parser, "step = 120 loss=1\n")[0].step, 120);
  EXPECT_EQ(ParseAll(*parser, "step=7 epoch=2 loss=1\n")[0].step, 2);
  EXPECT_EQ(ParseAll(*parser, "loss=1\n")[0].step, 0);
  EXPECT_EQ(ParseAll(*parser, "substep=9 loss=1\n")[0].step, 0);
  EXPECT_EQ(ParseAll(*parser, "step=99999999999999999999 loss=1\n")[0].step, 0);
}

TEST(LogParser, LeavesAnUnfinishedLineForTheNextRead) {
  const auto parser = Make({.metrics = {"loss"}});
  const ParsedText first = parser->Parse("loss=1\nloss=0.", false).value();
  EXPECT_THAT(first.rows, ElementsAre(MetricRow{"loss", "1", kNoTime, 0}));
  EXPECT_EQ(first.consumed, 7u);
  const ParsedText last = parser->Parse("loss=0.5", true).value();
  EXPECT_THAT(last.rows, ElementsAre(MetricRow{"loss", "0.5", kNoTime, 0}));
  EXPECT_EQ(last.consumed, 8u);
  const ParsedText empty = parser->Parse("", true).value();
  EXPECT_THAT(empty.rows, IsEmpty());
  EXPECT_EQ(empty.consumed, 0u);
}

TEST(LogParser, FindsTheSameRowsHoweverTheOutputArrives) {
  const auto parser = Make({.metrics = {"loss"}, .filters = {}, .line_bytes_max = 24});
  const std::string text =
      "loss=0.5\r\n\nxxxxxxxxxxxxxxxxxxxxxxxx\nloss=1 loss=2\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxx "
      "loss=3\n"
      "\xff\xfeloss=4\nloss=5";
  const std::vector<MetricRow> whole = ParseAll(*parser, text);
  EXPECT_EQ(whole.size(), 6u);
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    std::vector<MetricRow> rows;
    std::size_t read = 0;
    for (std::size_t end = 0; read < text.size();) {
      end = std::min(text.size(), end + piece);
      const std::string_view seen = std::string_view(text).substr(read, end - read);
      const ParsedText parsed = parser->Parse(seen, end == text.size()).value();
      rows.insert(rows.end(), parsed.rows.begin(), parsed.rows.end());
      read += parsed.consumed;
    }
    EXPECT_EQ(rows, whole) << piece;
  }
}

TEST(LogParser, ReadsALineBeyondTheCapInPiecesAndGoesOn) {
  const auto parser = Make({.metrics = {"loss"}, .filters = {}, .line_bytes_max = 16});
  const std::string endless(100, 'x');
  const ParsedText parsed = parser->Parse(endless, false).value();
  EXPECT_THAT(parsed.rows, IsEmpty());
  EXPECT_EQ(parsed.consumed, 96u);
}

TEST(LogParser, PutsAReplacementCharacterWhereOutputIsNoText) {
  const auto parser = Make({.metrics = {"loss"}, .filters = {R"((\w+)=(.*))"}});
  EXPECT_EQ(ParseAll(*parser, "loss=a\xff\xc3\xa4\xed\xa0\x80\n")[0].value,
            "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(LogParser, DoesNotRepeatAnEmptyMatchBehindAnother) {
  const auto parser = Make({.metrics = {"loss"}, .filters = {R"((loss)?(\d*))"}});
  EXPECT_THAT(ParseAll(*parser, "\xc3\xa4loss12 loss\n"),
              ElementsAre(MetricRow{"loss", "12", kNoTime, 0}, MetricRow{"loss", "", kNoTime, 0}));
}

TEST(LogParser, FindsANameWithASlashOnlyAsAWhole) {
  const auto parser = Make({.metrics = {"val/acc"}});
  EXPECT_THAT(
      ParseAll(*parser, "train_val/acc=1 x/val/acc=2 val/acc = .5, val/acc=3\n"),
      ElementsAre(MetricRow{"val/acc", ".5", kNoTime, 0}, MetricRow{"val/acc", "3", kNoTime, 0}));
}

TEST(LogParser, RefusesWhatCannotCollect) {
  const auto error = [](LogParserOptions options) {
    return LogParser::Create(std::move(options)).status();
  };
  EXPECT_EQ(error({.metrics = {}}).kind(), StatusKind::kInvalidArgument);
  EXPECT_THAT(error({.metrics = {"a"}, .filters = {"(a"}}).message(),
              HasSubstr("filter \"(a\" is not a regular expression"));
  EXPECT_THAT(error({.metrics = {"a"}, .filters = {"(a)=b"}}).message(),
              HasSubstr("needs two groups"));
}

TEST(LogParser, KnowsKatibsFormatsOnly) {
  EXPECT_EQ(*ParseMetricsFormat("TEXT"), MetricsFormat::kText);
  EXPECT_EQ(*ParseMetricsFormat("JSON"), MetricsFormat::kJson);
  EXPECT_THAT(ParseMetricsFormat("text").status().message(), HasSubstr("TEXT or JSON"));
}

TEST(KatibTextParser, HelpsNoNameAndKeepsUselessFilters) {
  const auto slash = Make({.metrics = {"val/acc", "acc"}, .compat_katib = true});
  EXPECT_THAT(ParseAll(*slash, "val/acc=.9\n"), ElementsAre(MetricRow{"acc", ".9", kNoTime, 0}));
  const auto no_groups = Make(
      {.metrics = {"loss"}, .filters = {"loss=1", kDefaultMetricsFilter}, .compat_katib = true});
  EXPECT_EQ(ParseAll(*no_groups, "loss=1\n").size(), 1u);
  EXPECT_EQ(LogParser::Create({.metrics = {}, .compat_katib = true}).status().kind(),
            StatusKind::kInvalidArgument);
}

TEST(KatibTextParser, MeetsAFilterThatDoesNotCompileAtTheFirstMetricLine) {
  const auto parser = Make({.metrics = {"loss"}, .filters = {"(a"}, .compat_katib = true});
  EXPECT_THAT(ParseAll(*parser, "nothing to see\n"), IsEmpty());
  EXPECT_THAT(parser->Parse("nothing\nloss=1\n", true).status().message(),
              HasSubstr("line 2 cannot be searched: filter \"(a\""));
}

TEST(RowTime, TakesWhatGoTakes) {
  for (const char* text :
       {"2024-03-04T17:55:08Z", "2024-03-04T7:55:08Z", "2024-03-04T17:55:08,5Z",
        "2024-03-04T17:55:08.123456789123Z", "2024-03-04T17:55:08+24:60", "2024-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-24:60"}) {
    EXPECT_TRUE(ParseRowTime(text)) << text;
  }
  for (const char* text : {"",
                           "2024-03-04",
                           "2024-03-04t17:55:08Z",
                           "2024-03-04T17:55:08z",
                           "2024-03-04T17:55:60Z",
                           "2024-03-04T24:00:00Z",
                           "2024-03-04T17:60:08Z",
                           "2023-02-29T00:00:00Z",
                           "2024-13-01T00:00:00Z",
                           "2024-00-01T00:00:00Z",
                           "2024-03-00T00:00:00Z",
                           "2024-3-04T17:55:08Z",
                           "2024-03-04T17:5:08Z",
                           "2024-03-04T17:55:08",
                           "2024-03-04T17:55:08.Z",
                           "2024-03-04T17:55:08+0900",
                           "2024-03-04T17:55:08+25:00",
                           "2024-03-04T17:55:08+09:61",
                           "2024-03-04T17:55:08Zx",
                           "2024-03-04 17:55:08Z",
                           "24-03-04T17:55:08Z",
                           "+024-03-04T17:55:08Z"}) {
    EXPECT_FALSE(ParseRowTime(text)) << text;
  }
}

TEST(RowTime, OrdersByInstant) {
  EXPECT_EQ(ParseRowTime("1970-01-01T01:00:00.5+01:00"), (RowTime{0, 500'000'000}));
  EXPECT_EQ(ParseRowTime("1969-12-31T23:59:59Z"), (RowTime{-1, 0}));
  EXPECT_LT(ParseRowTime("2020-08-10T14:47:40+09:00"), ParseRowTime("2020-08-10T06:00:00Z"));
  EXPECT_LT(ParseRowTime("2020-08-10T14:47:40.25Z"), ParseRowTime("2020-08-10T14:47:40.5Z"));
}

}  // namespace
}  // namespace lockstep
