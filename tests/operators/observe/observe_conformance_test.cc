// What Katib v0.19.0's trial controller makes of metric rows (tests/conformance/data/observe),
// against Summarize. Where we differ on purpose the output says so by name.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "operators/codec/json.h"
#include "operators/observe/summarize.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(LOCKSTEP_SOURCE_DIR) / "tests/conformance/data/observe";

struct Difference {
  std::string why;
  Json ours;
};

const std::map<std::string, Difference>& Differences() {
  static const Json kNone = Json::parse(
      R"([{"name":"loss","min":"unavailable","max":"unavailable","latest":"unavailable"}])");
  static const Json kOne = Json::parse(R"([{"name":"loss","min":"1","max":"1","latest":"1"}])");
  static const std::map<std::string, Difference> kTable = {
      {"bad_time", {"our parser lets no such time through; the row counts as untimed", kOne}},
      {"bad_time_empty", {"our parser lets no such time through; the row counts as untimed", kOne}},
      {"empty_value_only", {"an objective without a number is unavailable throughout", kNone}},
      {"sign_only", {"an objective without a number is unavailable throughout", kNone}},
      {"inf",
       {"infinity is never min or max",
        Json::parse(R"([{"name":"loss","min":"0.5","max":"0.5","latest":"+Infinity"}])")}},
      {"no_strategies", {"an objective always has a strategy; admission sets it", kOne}},
  };
  return kTable;
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const std::string file = entry.path().filename().string();
    const std::size_t suffix = file.find(".args.json");
    if (suffix != std::string::npos) names.push_back(file.substr(0, suffix));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Json Read(const std::string& file) {
  std::ifstream in(kFolder / file);
  return Json::parse(in);
}

class ObserveConformance : public testing::TestWithParam<std::string> {};

TEST_P(ObserveConformance, AgreesWithKatib) {
  const Json args = Read(GetParam() + ".args.json");
  ObjectiveSpec objective;
  objective.objective_metric_name = "loss";
  std::set<std::string> additional;
  for (const Json& strategy : args.at("strategies")) {
    objective.metric_strategies.push_back({strategy.at("name"), strategy.at("value")});
    if (strategy.at("name") != "loss") additional.insert(strategy.at("name"));
  }
  objective.additional_metric_names.assign(additional.begin(), additional.end());
  std::vector<MetricRow> rows;
  for (const Json& row : args.at("rows")) {
    rows.push_back(
        {.name = row.at("name"), .value = row.at("value"), .time = row.at("time"), .step = 0});
  }
  // Katib's order of metrics is random; the recorded one is by name.
  std::map<std::string, Json> by_name;
  for (const Metric& metric : Summarize(objective, rows).metrics) {
    by_name[metric.name] = {{"name", metric.name}, {"min", metric.min}, {"max", metric.max}};
    if (!metric.latest.empty()) by_name[metric.name]["latest"] = metric.latest;
  }
  Json got = Json::array();
  for (const auto& [name, metric] : by_name) got.push_back(metric);
  const auto difference = Differences().find(GetParam());
  if (difference != Differences().end()) {
    EXPECT_EQ(got, difference->second.ours);
    std::cout << "differs on purpose: " << GetParam() << ": " << difference->second.why << "\n";
    return;
  }
  EXPECT_EQ(got, Read(GetParam() + ".expected.json").at("metrics"));
}

INSTANTIATE_TEST_SUITE_P(Recorded, ObserveConformance, testing::ValuesIn(Cases()),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace lockstep
