#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "operators/observe/epoch_seconds.h"
#include "operators/observe/log_parser.h"
#include "operators/observe/log_reader.h"
#include "operators/observe/row_time.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::unique_ptr<LogParser> Make(std::vector<std::string> metrics, bool compat_katib = false) {
  LogParserOptions options{.metrics = std::move(metrics)};
  options.format = MetricsFormat::kJson;
  options.compat_katib = compat_katib;
  return std::move(LogParser::Create(std::move(options))).value();
}

ParsedText Parse(const LogParser& parser, std::string_view text) {
  return parser.Parse(text, true).value();
}

TEST(JsonLogParser, ReadsTextsAndNumbersInTheOrderOfTheMetrics) {
  const auto parser = Make({"loss", "accuracy"});
  const ParsedText parsed = Parse(
      *parser,
      R"({"accuracy": 0.90, "epoch": 3, "loss": "0.5", "timestamp": "2024-03-04T17:55:08Z"})");
  EXPECT_THAT(parsed.rows, ElementsAre(MetricRow{"loss", "0.5", "2024-03-04T17:55:08Z", 3},
                                       MetricRow{"accuracy", "0.90", "2024-03-04T17:55:08Z", 3}));
  EXPECT_EQ(parsed.bad.count, 0u);
}

TEST(JsonLogParser, SpellsNumbersAsTheyWereWritten) {
  const auto parser = Make({"a"});
  const auto value = [&](const std::string& number) {
    return Parse(*parser, "{\"a\": " + number + "}").rows.at(0).value;
  };
  for (const char* number : {"0", "-7", "1e-05", "1E+2", "0.10", "18446744073709551615",
                             "100000000000000000000", "NaN", "Infinity", "-Infinity"}) {
    EXPECT_EQ(value(number), number);
  }
}

TEST(JsonLogParser, TakesTheStepFromEpochElseFromStep) {
  const auto parser = Make({"a"});
  const auto step = [&](const std::string& rest) {
    return Parse(*parser, "{\"a\": 1" + rest + "}").rows.at(0).step;
  };
  EXPECT_EQ(step(""), 0);
  EXPECT_EQ(step(R"(, "step": 120)"), 120);
  EXPECT_EQ(step(R"(, "step": "7", "epoch": 2.0)"), 2);
  EXPECT_EQ(step(R"(, "step": 1.5)"), 0);
  EXPECT_EQ(step(R"(, "step": -1)"), 0);
  EXPECT_EQ(step(R"(, "step": 1e300)"), 0);
  EXPECT_EQ(step(R"(, "step": "x")"), 0);
}

TEST(JsonLogParser, SkipsABadLineAndTellsTheFirst) {
  const auto parser = Make({"loss", "accuracy"});
  const ParsedText parsed = Parse(*parser,
                                  "{\"loss\": 1}\n"
                                  "epoch 1 done\n"
                                  "[1]\n"
                                  "{\"loss\": {\"mean\": 2}, \"accuracy\": 0.5}\n"
                                  "{\"loss\": 3}\n");
  EXPECT_THAT(parsed.rows, ElementsAre(MetricRow{"loss", "1", kNoTime, 0},
                                       MetricRow{"accuracy", "0.5", kNoTime, 0},
                                       MetricRow{"loss", "3", kNoTime, 0}));
  EXPECT_EQ(parsed.bad.count, 3u);
  EXPECT_EQ(parsed.bad.first_line, 2u);
  EXPECT_THAT(parsed.bad.first_reason, HasSubstr("is no JSON object: column 1: syntax error"));
  EXPECT_THAT(Parse(*parser, "{\"loss\": null}").bad.first_reason,
              HasSubstr("no number or text as \"loss\""));
}

TEST(JsonLogParser, TakesBlankLinesNullAndAByteOrderMark) {
  const auto parser = Make({"a"});
  const ParsedText parsed = Parse(*parser, "\xef\xbb\xbf{\"a\": 1}\r\n\r\n  \n\nnull\n{\"b\": 1}");
  EXPECT_EQ(parsed.rows.size(), 1u);
  EXPECT_EQ(parsed.bad.count, 0u) << parsed.bad.first_reason;
}

TEST(JsonLogParser, MendsTextAsGoDoes) {
  const auto parser = Make({"a"}, true);
  const auto value = [&](const std::string& text) {
    return Parse(*parser, "{\"a\": \"" + text + "\"}").rows.at(0).value;
  };
  EXPECT_EQ(value("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(value(R"(\ud83d\ude00)"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(value(R"(\ud83d\ud83d\ude00)"), "\xef\xbf\xbd\xf0\x9f\x98\x80");
  EXPECT_EQ(value(R"(\ude00x)"), "\xef\xbf\xbdx");
  EXPECT_EQ(value(R"(\\ud800)"), R"(\ud800)");
}

TEST(JsonLogParser, WithKatibsRulesOneBadLineSpoilsTheLog) {
  const auto parser = Make({"loss"}, true);
  for (const std::string bad :
       {"x", " ", "\r", "{\"loss\": NaN}", "{\"loss\": \"1\"} {}", "\xef\xbb\xbf{}", "[]", "1",
        "\"a\"", "true", "{\"x\": 1e400}", "{\"loss\": \"a\tb\"}"}) {
    const auto parsed = parser->Parse("{\"loss\": \"1\"}\n" + bad + "\n", true);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.status().message().rfind("line 2 is no JSON object", 0), 0u)
        << parsed.status().message();
  }
  EXPECT_FALSE(parser->Parse(std::string("{\"loss\": \"1\"}\0", 14), true).ok());
  EXPECT_THAT(Parse(*parser, "{\"loss\": 1}\n\nnull\n").rows, IsEmpty());
}

TEST(JsonLogParser, BoundsTheDepth) {
  const auto parser = Make({"a"}, true);
  const auto nested = [](int depth) {
    return "{\"b\":" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') + ",\"a\":\"1\"}";
  };
  EXPECT_EQ(Parse(*parser, nested(10'000)).rows.size(), 1u);
  EXPECT_THAT(parser->Parse(nested(10'001), true).status().message(), HasSubstr("nested deeper"));
}

TEST(JsonLogParser, ReadsTheTimeAsANumberOfSeconds) {
  const auto time = [](const std::string& number, bool compat_katib) {
    const auto parser = Make({"a"}, compat_katib);
    return Parse(*parser, "{\"a\": \"1\", \"timestamp\": " + number + "}").rows.at(0).time;
  };
  struct Case {
    const char* number;
    const char* ours;
    const char* katibs;
  };
  for (const auto& [number, ours, katibs] : std::vector<Case>{
           {"1638422847", "2021-12-02T05:27:27Z", "2021-12-02T05:27:27Z"},
           {"1638422847.28721", "2021-12-02T05:27:27.28721Z", "2021-12-02T05:27:27.000028721Z"},
           {"1.5", "1970-01-01T00:00:01.5Z", "1970-01-01T00:00:01.000000005Z"},
           {"-1.5", "1969-12-31T23:59:58.5Z", "1969-12-31T23:59:59.000000005Z"},
           {"-0.5", "1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00.000000005Z"},
           {"0.12345678912345678", "1970-01-01T00:00:00.123456789Z",
            "1970-05-23T21:21:18.912345678Z"},
           {"1638422847287", kNoTime, "53889-07-21T09:34:47Z"},
           {"1e19", kNoTime, kNoTime},
           {"true", kNoTime, kNoTime},
           {"\"soon\"", kNoTime, kNoTime},
           {"\"2021-12-02T14:27:50+09:00\"", "2021-12-02T14:27:50+09:00",
            "2021-12-02T14:27:50+09:00"}}) {
    EXPECT_EQ(time(number, false), ours) << number;
    EXPECT_EQ(time(number, true), katibs) << number;
  }
}

TEST(RowTime, IsPrintedAsGoPrintsIt) {
  for (const char* text :
       {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z",
        "2000-02-29T12:00:00.5Z", "2100-03-01T00:00:10Z", "9999-12-31T23:59:59Z"}) {
    EXPECT_EQ(FormatRowTime(*ParseRowTime(text)), text);
  }
}

TEST(LogReader, FindsTheSameInPiecesOfAnySize) {
  const std::string log = "{\"loss\": 1}\nbad\n\n{\"loss\": 2}\nworse\n{\"loss\": 3}";
  for (std::size_t piece = 1; piece <= log.size(); ++piece) {
    LogParserOptions options{.metrics = {"loss"}};
    options.format = MetricsFormat::kJson;
    LogReader reader = LogReader::Create(options).value();
    std::string values;
    const auto add = [&](const ParsedRow& row) { values += row.value; };
    for (std::size_t i = 0; i < log.size(); i += piece) {
      ASSERT_TRUE(reader.Read(std::string_view(log).substr(i, piece), add).ok());
    }
    ASSERT_TRUE(reader.End(add).ok());
    EXPECT_EQ(values, "123") << piece;
    EXPECT_EQ(reader.rows(), 3u);
    EXPECT_EQ(reader.bad().count, 2u) << piece;
    EXPECT_EQ(reader.bad().first_line, 2u) << piece;
    EXPECT_THAT(reader.Instead(), IsEmpty());
  }
}

TEST(LogReader, PutsUnavailableInTheLogsPlaceWhereTheObjectiveIsMissing) {
  const auto instead = [](bool compat_katib, std::string_view log) {
    LogReader reader =
        LogReader::Create({.metrics = {"loss", "accuracy"}, .compat_katib = compat_katib}).value();
    EXPECT_TRUE(reader.Read(log, [](const ParsedRow&) {}).ok());
    EXPECT_TRUE(reader.End([](const ParsedRow&) {}).ok());
    return reader.Instead();
  };
  EXPECT_THAT(instead(true, "accuracy=1\n"),
              ElementsAre(MetricRow{"loss", "unavailable", kNoTime, 0}));
  EXPECT_THAT(instead(true, ""), ElementsAre(MetricRow{"loss", "unavailable", kNoTime, 0}));
  EXPECT_THAT(instead(true, "accuracy=1\nloss="), IsEmpty());
  EXPECT_THAT(instead(false, "accuracy=1\n"), IsEmpty());
}

}  // namespace
}  // namespace lockstep
