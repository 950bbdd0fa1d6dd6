// The quick ways of the text parser beside the plain one, on random logs: each line, each filter by
// RE2, as Katib does it with Go's regexp.
#include "operators/observe/text_log_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

#include "operators/observe/default_filter.h"
#include "operators/observe/log_reader.h"
#include "operators/observe/row_time.h"
#include "operators/observe/utf8_text.h"

namespace lockstep {
namespace {

const int kTimes = std::getenv("LOCKSTEP_TEST_LONG") != nullptr ? 20 : 1;

struct Match {
  std::string name;
  std::string value;
  friend bool operator==(const Match&, const Match&) = default;
  friend void PrintTo(const Match& match, std::ostream* out) {
    *out << match.name << "=" << match.value;
  }
};

// All matches of the first two groups.
std::vector<Match> MatchesByRe2(const RE2& regex, const std::string& line) {
  std::vector<Match> matches;
  std::array<re2::StringPiece, 3> groups;
  std::size_t position = 0;
  std::size_t previous_end = std::string::npos;
  while (position <= line.size() &&
         regex.Match(line, position, line.size(), RE2::UNANCHORED, groups.data(), 3)) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - line.data());
    const std::size_t end = begin + groups[0].size();
    if (begin != end || begin != previous_end)
      matches.push_back({std::string(groups[1]), std::string(groups[2])});
    previous_end = end;
    position = begin != end ? end : end + CharacterBytes(line, end);
  }
  return matches;
}

std::int64_t StepByRe2(const std::string& line) {
  static const RE2 kEpoch(R"(\bepoch\s*=\s*(\d{1,18})\b)");
  static const RE2 kStep(R"(\bstep\s*=\s*(\d{1,18})\b)");
  std::int64_t value = 0;
  if (RE2::PartialMatch(line, kEpoch, &value)) return value;
  return RE2::PartialMatch(line, kStep, &value) ? value : 0;
}

class RandomText {
 public:
  explicit RandomText(unsigned seed) : random_(seed) {}

  std::size_t Below(std::size_t end) { return random_() % end; }
  // Of pieces that a filter may stumble over.
  std::string Line(std::size_t pieces_max) {
    static const std::vector<std::string> kPieces = {"=",
                                                     "=",
                                                     "=",
                                                     " ",
                                                     " ",
                                                     "\t",
                                                     "\v",
                                                     "\f",
                                                     "\r",
                                                     "-",
                                                     "+",
                                                     ".",
                                                     ".",
                                                     "|",
                                                     "_",
                                                     "e",
                                                     "E",
                                                     "0",
                                                     "1",
                                                     "7",
                                                     "e5",
                                                     "E-3",
                                                     "1.5",
                                                     ".5",
                                                     "loss",
                                                     "loss=",
                                                     "acc",
                                                     "x",
                                                     "epoch",
                                                     "epoch=3",
                                                     "step=",
                                                     "step = 12",
                                                     "/",
                                                     "val/",
                                                     "val/acc",
                                                     ",",
                                                     ":",
                                                     " : ",
                                                     "\xc3\xa4",
                                                     "\xff",
                                                     "\xe2\x96",
                                                     "123456789012345678",
                                                     "1e400",
                                                     "NaN",
                                                     "{metricName: ",
                                                     ", metricValue: ",
                                                     "{m",
                                                     "}",
                                                     "train loss",
                                                     std::string(1, '\0')};
    std::string line;
    if (Below(8) == 0) line = "2026-11-22T06:30:00.5Z ";
    for (std::size_t left = Below(pieces_max); left > 0; --left)
      line += kPieces[Below(kPieces.size())];
    return line;
  }

 private:
  std::mt19937 random_;
};

TEST(DefaultFilter, MatchesAsRe2Does) {
  const RE2 regex(kDefaultMetricsFilter);
  RandomText text(1);
  for (int i = 0; i < 500'000 * kTimes; ++i) {
    const std::string raw = text.Line(14);
    const std::string line = ReplaceInvalidUtf8(raw);
    std::vector<Match> ours;
    for (DefaultFilterMatches match(raw); match.Next();)
      ours.push_back({std::string(match.name()), std::string(match.value())});
    ASSERT_EQ(ours, MatchesByRe2(regex, line)) << testing::PrintToString(raw);
    ASSERT_EQ(ReportedStep(raw), StepByRe2(line)) << testing::PrintToString(raw);
  }
}

TEST(DefaultFilter, MatchesEveryShortLineAsRe2Does) {
  const RE2 regex(kDefaultMetricsFilter);
  constexpr std::string_view kAlphabet = "a= .1e-";
  for (std::size_t size = 1; size <= 6; ++size) {
    std::string line(size, kAlphabet[0]);
    for (bool more = true; more;) {
      std::vector<Match> ours;
      for (DefaultFilterMatches match(line); match.Next();)
        ours.push_back({std::string(match.name()), std::string(match.value())});
      ASSERT_EQ(ours, MatchesByRe2(regex, line)) << line;
      more = false;  // to the next line, as one counts
      for (std::size_t i = 0; i < size && !more; ++i) {
        const std::size_t next = kAlphabet.find(line[i]) + 1;
        more = next < kAlphabet.size();
        line[i] = kAlphabet[more ? next : 0];
      }
    }
  }
}

// LogParser::Parse, one line after the other.
ParsedText ParseSlowly(const LogParserOptions& options, const std::vector<std::string>& filters,
                       std::string_view text, bool at_end) {
  ParsedText parsed;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end =
        std::min({text.find('\n', begin), text.size(), begin + options.line_bytes_max});
    if (end == text.size() && end - begin != options.line_bytes_max && !at_end) break;
    const std::string_view raw = text.substr(begin, end - begin);
    const std::string line = ReplaceInvalidUtf8(raw);
    const bool named = std::ranges::any_of(options.metrics, [&](const std::string& name) {
      return raw.find(name) != std::string_view::npos;
    });
    const std::string word = line.substr(0, line.find(' '));
    const bool timed = word.size() < line.size() && ParseRowTime(word);
    for (std::size_t i = 0; named && i < filters.size(); ++i) {
      for (const Match& match : MatchesByRe2(RE2(filters[i]), line)) {
        const std::string name(TrimSpace(match.name));
        if (std::ranges::find(options.metrics, name) == options.metrics.end()) continue;
        parsed.rows.push_back(
            {name, std::string(TrimSpace(match.value)), timed ? word : kNoTime, StepByRe2(line)});
      }
    }
    const bool line_feed = end < text.size() && text[end] == '\n';
    parsed.lines += line_feed ? 1 : 0;
    parsed.consumed = begin = line_feed ? end + 1 : end;
  }
  return parsed;
}

std::string ToText(const MetricRow& row) {
  return row.name + " " + row.value + " " + row.time + " " + std::to_string(row.step);
}

// The rows that a reader finds of a text that comes in pieces.
std::vector<std::string> ByPieces(const LogParserOptions& options, std::string_view text,
                                  RandomText& random) {
  LogReader reader = LogReader::Create(options).value();
  std::vector<std::string> rows;
  const auto keep = [&](const ParsedRow& row) { rows.push_back(ToText(row.Copy())); };
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, 1 + random.Below(60));
    EXPECT_TRUE(reader.Read(piece, keep).ok());
    text.remove_prefix(piece.size());
  }
  EXPECT_TRUE(reader.End(keep).ok());
  return rows;
}

TEST(TextLogParser, FindsTheRowsThatALookAtEveryLineFinds) {
  const std::string braces = R"({metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)})";
  const std::vector<std::vector<std::string>> filters = {
      {kDefaultMetricsFilter},
      {braces},
      {R"((\w+\s\w+)\s:\s((-?\d+)(\.\d+)?))"},
      {R"(([\w|-]+)\s*=\s*((-?\d+)(\.\d+)?))", kDefaultMetricsFilter},
      {R"(\b(loss)=(.*))", R"((loss)?(\d*))"},
      {R"((?:\Bloss|loss=)(acc|loss)=?(.*))"},
      {R"(loss(.*)acc(.*))", braces},
      {R"(^(loss)\s*=(.*)$)"},
      {R"((?i)loss=?(LOSS|acc)(.))"},
      {R"((?i)LOSS(=)?(acc|\d*))", R"((?i:lo)ss(\d)?=(.*))"},
      {R"((?:val/|train )?(loss|acc)\s?=([^,]*))"},
      {R"((?:val/(acc)|loss=(\d+))(\d*))"},
      {R"(\{metricName: (?:(loss|acc)|x), metricValue: ([^}]*)\}?)"},
      {R"((?:\{metricName: )?(\w+(?: \w+)?)(?:, metricValue: | : |=)((?:-?\d+)?))"},
      {R"(\Qval/\E(acc)\x3d?([\d.]*))", R"(\x7bm(.*?)loss(.?))"},
      {R"(epoch=(\d)(.*))", R"([l](oss)=([[:alnum:]]*))", R"(metricName: (\w+)(?s:.)(.+?)\b)"},
      {R"((loss\B.|acc)(=?))", R"((?m)^(loss) ?=(.*)$)", R"(()())"},
      {R"(loss{1}(=)(.))", R"(los(s{0,2})=?(.*))", R"((?:loss|acc){2}(=)(.*))"},
      {R"(step = ([^\s=]+)[^a]*?(loss))", "\xc3\xa4(.*)(loss)", R"(\x{fffd}(.*)(acc))"},
  };
  RandomText random(2);
  std::size_t rows = 0;
  for (int i = 0; i < 6'000 * kTimes; ++i) {
    LogParserOptions options;
    options.metrics = {"loss", "acc", "train loss", "val/acc"};
    options.metrics.resize(1 + random.Below(4));
    options.filters = filters[random.Below(filters.size())];
    if (random.Below(2) == 0) options.line_bytes_max = 1 + random.Below(60);
    std::string text;
    for (std::size_t lines = random.Below(12); lines > 0; --lines)
      text += random.Line(30) + (random.Below(4) == 0 ? "\r\n" : "\n");
    if (random.Below(2) == 0) text += random.Line(30);
    const bool at_end = random.Below(2) == 0;
    const auto parser = std::move(MakeTextLogParser(options)).value();
    const ParsedText ours = parser->Parse(text, at_end).value();
    const ParsedText wanted = ParseSlowly(options, options.filters, text, at_end);
    const auto as_text = [](const ParsedText& parsed) {
      std::vector<std::string> texts;
      for (const MetricRow& row : parsed.rows) texts.push_back(ToText(row));
      return texts;
    };
    ASSERT_EQ(as_text(ours), as_text(wanted))
        << options.filters[0] << " over " << testing::PrintToString(text);
    ASSERT_EQ(ours.lines, wanted.lines) << testing::PrintToString(text);
    ASSERT_EQ(ours.consumed, wanted.consumed) << testing::PrintToString(text);
    if (at_end) {
      ASSERT_EQ(ByPieces(options, text, random), as_text(ours)) << testing::PrintToString(text);
    }
    rows += ours.rows.size();
  }
  EXPECT_GT(rows, 3000u) << "the logs must have something to find";
}

TEST(TextLogParser, TakesLinearTimeWhereAPrefixPromisesManyMatches) {
  LogParserOptions options;
  options.metrics = {"loss"};
  options.filters = {R"(begin(.*)loss(.*)end)"};
  const auto parser = std::move(MakeTextLogParser(options)).value();
  std::string line;
  while (line.size() < 900'000) line += "begin loss ";
  EXPECT_TRUE(parser->Parse(line, true)->rows.empty());
}

}  // namespace
}  // namespace lockstep
