// What Katib v0.19.0's metrics collector makes of each log in tests/conformance/data/parse, against
// ours. Where we differ on purpose, or where something is not built, the output says so by name.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "operators/codec/json.h"
#include "operators/observe/log_parser.h"
#include "operators/observe/summarize.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(LOCKSTEP_SOURCE_DIR) / "tests/conformance/data/parse";

// We refuse at submit what Katib's collector runs into, or silently collects nothing with.
const std::map<std::string, std::string> kRefusedByUs = {
    {"filter_no_group", "needs two groups"},
    {"filter_one_group", "needs two groups"},
    {"filter_semicolon_split", "needs two groups"},
    {"filter_invalid_regex", "is not a regular expression"},
    {"metric_empty_name", "need names"},
    {"metrics_empty_list", "need names"},
};

// Names with / . : @ are found when they are asked for; Katib's default filter cannot match them.
const std::map<std::string, std::vector<std::pair<std::string, std::string>>> kBetter = {
    {"name_slash_dot",
     {{"val/acc", ".9"}, {"val.acc", "0.8"}, {"val:acc", "0.7"}, {"val@acc", "0.6"}}},
};

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> TextCases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const std::string file = entry.path().filename().string();
    const std::size_t suffix = file.find(".args.json");
    if (suffix == std::string::npos) continue;
    const std::string name = file.substr(0, suffix);
    const Json args = Json::parse(ReadAll(entry.path()));
    if (args.at("format") == "TEXT") {
      names.push_back(name);
    } else if (args.at("format") == "JSON") {
      std::cout << "not run: " << name << ": the JSON format is not built\n";
    } else {
      std::cout << "not run: " << name << ": admission refuses the format\n";
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

class ParseConformance : public testing::TestWithParam<std::string> {};

TEST_P(ParseConformance, AgreesWithKatib) {
  const std::string name = GetParam();
  const Json args = Json::parse(ReadAll(kFolder / (name + ".args.json")));
  const Json expected = Json::parse(ReadAll(kFolder / (name + ".expected.json")));
  const std::vector<std::string> metrics = args.at("metrics");
  const auto parser = LogParser::Create({.metrics = metrics, .filters = args.at("filters")});
  if (const auto refused = kRefusedByUs.find(name); refused != kRefusedByUs.end()) {
    ASSERT_FALSE(parser.ok());
    EXPECT_NE(parser.status().message().find(refused->second), std::string::npos)
        << parser.status().message();
    std::cout << "differs on purpose: " << name << ": " << parser.status().message() << "\n";
    return;
  }
  ASSERT_TRUE(parser.ok()) << parser.status().ToString();
  const std::string log = ReadAll(kFolder / (name + ".log"));
  std::size_t consumed = 0;
  const std::vector<MetricRow> rows = (*parser)->Parse(log, true, &consumed);
  EXPECT_EQ(consumed, log.size());
  if (const auto better = kBetter.find(name); better != kBetter.end()) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const MetricRow& row : rows) pairs.emplace_back(row.name, row.value);
    EXPECT_EQ(pairs, better->second);
    std::cout << "differs on purpose: " << name << ": the name is found as it was asked for\n";
    return;
  }
  const Json& wanted = expected.at("rows");
  if (wanted.size() == 1 && wanted[0].at("value") == kUnavailable) {
    // Katib drops all rows at the end when the objective has none; ours stream, and Summarize says
    // so of the objective.
    ObjectiveSpec objective;
    objective.objective_metric_name = metrics[0];
    EXPECT_EQ(Summarize(objective, rows).metrics[0].latest, kUnavailable);
    for (const MetricRow& row : rows) EXPECT_NE(row.name, metrics[0]);
    return;
  }
  Json got = Json::array();
  for (const MetricRow& row : rows) {
    got.push_back({{"time", row.time}, {"name", row.name}, {"value", row.value}});
  }
  EXPECT_EQ(got, wanted);
}

INSTANTIATE_TEST_SUITE_P(Text, ParseConformance, testing::ValuesIn(TextCases()),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace lockstep
