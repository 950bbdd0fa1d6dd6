// What Katib v0.19.0's metrics collector makes of each recorded log, against ours. With
// compat_katib the rows are the same in every case; without, each case in which we differ is named
// below, with the reason.
//
// Of cases from elsewhere (tests/conformance/recorded_cases.h) the lists below know nothing, so
// that only compat_katib is compared.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "operators/codec/json.h"
#include "operators/observe/log_reader.h"
#include "operators/observe/row_time.h"
#include "operators/observe/summarize.h"
#include "tests/conformance/recorded_cases.h"

namespace lockstep {
namespace {

// We refuse at submit what Katib's collector runs into, or silently collects nothing with.
const std::map<std::string, std::string> kRefusedByUs = {
    {"filter_no_group", "needs two groups"},
    {"filter_one_group", "needs two groups"},
    {"filter_semicolon_split", "needs two groups"},
    {"filter_invalid_regex", "is not a regular expression"},
    {"metric_empty_name", "need names"},
    {"metrics_empty_list", "need names"},
};

struct Difference {
  std::string why;
  std::string values;  // ours: "NAME VALUE TIME; ..."
  std::uint64_t bad_lines = 0;
};

const std::map<std::string, Difference> kDifferences = {
    {"name_slash_dot",
     {"the name is found as it was asked for",
      "val/acc .9 -; val.acc 0.8 -; val:acc 0.7 -; val@acc 0.6 -; "}},
    {"json_all_numbers", {"numbers are values", "loss 0.5 -; acc 0.9 -; "}},
    {"json_array_line", {"the line is skipped and told", "", 1}},
    {"json_bad_line", {"the line is skipped and told", "loss 0.5 -; loss 0.3 -; ", 1}},
    {"json_bom", {"a byte order mark is skipped", "loss 0.5 -; "}},
    {"json_control_char", {"the line is skipped and told", "", 1}},
    {"json_crlf_blank", {"a line of white space is empty", "loss 0.5 -; "}},
    {"json_nan", {"Python's NaN is taken; it is never the best", "loss NaN -; "}},
    {"json_number_line", {"the line is skipped and told", "loss 0.5 -; ", 1}},
    {"json_space_line", {"a line of white space is empty", "loss 0.5 -; loss 0.4 -; "}},
    {"json_two_per_line", {"the line is skipped and told", "", 1}},
    {"json_upstream",
     {"the fraction of a time is a fraction",
      "loss 0.22082142531871796 2021-12-02T05:27:27.28721Z; "
      "acc 0.9349666833877563 2021-12-02T05:27:27.287801Z; "
      "loss 0.1414974331855774 2021-12-02T14:27:50.000035161Z; "
      "acc 0.9586416482925415 2021-12-02T14:27:50.000037459Z; loss 0.10683439671993256 -; "}},
};

struct Case {
  Json args;
  Json expected;
  std::string log;
};

Case LoadCase(const std::string& name) {
  const auto path = [&](const char* suffix) { return RecordedFolder("parse") / (name + suffix); };
  return {ReadRecordedJson(path(".args.json")), ReadRecordedJson(path(".expected.json")),
          ReadRecordedText(path(".log"))};
}

struct Collected {
  std::vector<MetricRow> rows;
  std::uint64_t bad_lines = 0;
};

Result<Collected> Collect(const Case& test, bool compat_katib) {
  LogParserOptions options;
  options.metrics = test.args.at("metrics");
  options.filters = test.args.value("filters", std::vector<std::string>());
  options.line_bytes_max = 64u << 20;
  LOCKSTEP_ASSIGN_OR_RETURN(options.format,
                            ParseMetricsFormat(test.args.at("format").get<std::string>()));
  options.compat_katib = compat_katib;
  LOCKSTEP_ASSIGN_OR_RETURN(LogReader reader, LogReader::Create(options));
  Collected collected;
  const auto keep = [&](const ParsedRow& row) { collected.rows.push_back(row.Copy()); };
  LOCKSTEP_RETURN_IF_ERROR(reader.Read(test.log, keep));
  LOCKSTEP_RETURN_IF_ERROR(reader.End(keep));
  if (std::vector<MetricRow> instead = reader.Instead(); !instead.empty()) {
    collected.rows = std::move(instead);
  }
  collected.bad_lines = reader.bad().count;
  return collected;
}

Json RowsAsJson(const std::vector<MetricRow>& rows) {
  Json json = Json::array();
  for (const MetricRow& row : rows) {
    json.push_back({{"time", row.time}, {"name", row.name}, {"value", row.value}});
  }
  return json;
}

class ParseConformance : public testing::TestWithParam<std::string> {
 protected:
  static void TearDownTestSuite() { tally_.Print(); }
  static inline RecordedTally tally_{.set = "parse (compat_katib)"};
};

TEST_P(ParseConformance, AgreesWithKatibWhenAskedTo) {
  const Case test = LoadCase(GetParam());
  const Result<Collected> ours = Collect(test, true);
  if (test.expected.contains("error") || test.expected.contains("panic")) {
    ASSERT_FALSE(ours.ok()) << test.expected << "\nours: " << RowsAsJson(ours->rows);
    EXPECT_NE(ours.status().message(), "");
    std::cout << "fails as Katib does: " << GetParam() << ": " << ours.status().message() << "\n";
  } else {
    ASSERT_TRUE(ours.ok()) << ours.status().message();
    EXPECT_EQ(RowsAsJson(ours->rows), test.expected.at("rows"));
  }
  ++(HasFailure() ? tally_.fail : tally_.agree);
}

TEST_P(ParseConformance, DiffersOnlyOnPurpose) {
  if (RecordedElsewhere()) GTEST_SKIP() << "these cases are not in the lists";
  const Case test = LoadCase(GetParam());
  const Result<Collected> ours = Collect(test, false);
  if (!ParseMetricsFormat(test.args.at("format").get<std::string>()).ok()) {
    EXPECT_FALSE(ours.ok());
    return;
  }
  if (const auto refused = kRefusedByUs.find(GetParam()); refused != kRefusedByUs.end()) {
    ASSERT_FALSE(ours.ok());
    EXPECT_NE(ours.status().message().find(refused->second), std::string::npos)
        << ours.status().message();
    std::cout << "differs on purpose: " << GetParam() << ": " << ours.status().message() << "\n";
    return;
  }
  ASSERT_TRUE(ours.ok()) << ours.status().ToString();
  if (const auto known = kDifferences.find(GetParam()); known != kDifferences.end()) {
    std::string values;
    for (const MetricRow& row : ours->rows) {
      values += row.name + " " + row.value + " " + (row.time == kNoTime ? "-" : row.time) + "; ";
    }
    EXPECT_EQ(values, known->second.values);
    EXPECT_EQ(ours->bad_lines, known->second.bad_lines);
    const bool katib_fails = test.expected.contains("error");
    EXPECT_TRUE(katib_fails || RowsAsJson(ours->rows) != test.expected.at("rows"))
        << "no difference any more";
    std::cout << "differs on purpose: " << GetParam() << ": " << known->second.why << "\n";
    return;
  }
  EXPECT_EQ(ours->bad_lines, 0u);
  const Json& wanted = test.expected.at("rows");
  if (wanted.size() == 1 && wanted[0].at("value") == kUnavailable) {
    // Katib drops all rows at the end when the objective has none; ours stream, and Summarize says
    // so of the objective.
    ObjectiveSpec objective;
    objective.objective_metric_name = test.args.at("metrics")[0];
    objective.metric_strategies = {{objective.objective_metric_name, "min"}};
    EXPECT_EQ(Summarize(objective, ours->rows).value().metrics[0].latest, kUnavailable);
    for (const MetricRow& row : ours->rows) EXPECT_NE(row.name, objective.objective_metric_name);
    return;
  }
  EXPECT_EQ(RowsAsJson(ours->rows), wanted);
}

INSTANTIATE_TEST_SUITE_P(Case, ParseConformance, testing::ValuesIn(RecordedCases("parse")),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace lockstep
