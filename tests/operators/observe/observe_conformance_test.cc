// What Katib v0.19.0's trial controller makes of metric rows
// (tests/conformance/data/semantics/observe_*), against Summarize. Where we differ on purpose the
// output says so by name.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <set>

#include "operators/codec/json.h"
#include "operators/observe/summarize.h"
#include "tests/conformance/recorded_cases.h"

namespace lockstep {
namespace {

struct Difference {
  std::string why;
  Json ours;
};

const std::map<std::string, Difference>& Differences() {
  static const Json kNone = Json::parse(
      R"([{"name":"loss","min":"unavailable","max":"unavailable","latest":"unavailable"}])");
  static const std::map<std::string, Difference> kTable = {
      {"observe_empty_value_only",
       {"an objective without a number is unavailable throughout", kNone}},
      {"observe_sign_only", {"an objective without a number is unavailable throughout", kNone}},
      {"observe_inf",
       {"infinity is never min or max",
        Json::parse(R"([{"name":"loss","min":"0.5","max":"0.5","latest":"+Infinity"}])")}},
  };
  return kTable;
}

class ObserveConformance : public testing::TestWithParam<std::string> {
 protected:
  static void TearDownTestSuite() { tally_.Print(); }
  static Json Read(const std::string& suffix) {
    return ReadRecordedJson(RecordedFolder("semantics") / (GetParam() + suffix));
  }
  static inline RecordedTally tally_{.set = "semantics/observe"};
};

TEST_P(ObserveConformance, AgreesWithKatib) {
  const Json args = Read(".args.json");
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
  const Json answer = Read(".expected.json");
  const Result<Observation> observation = Summarize(objective, rows);
  ASSERT_EQ(observation.ok(), !answer.contains("error")) << observation.status().ToString();
  if (!observation.ok()) {
    ++tally_.agree;
    return;
  }
  for (const Metric& metric : observation->metrics) {
    by_name[metric.name] = {{"name", metric.name}, {"min", metric.min}, {"max", metric.max}};
    if (!metric.latest.empty()) by_name[metric.name]["latest"] = metric.latest;
  }
  Json got = Json::array();
  for (const auto& [name, metric] : by_name) got.push_back(metric);
  const auto difference = Differences().find(GetParam());
  if (difference != Differences().end()) {
    EXPECT_EQ(got, difference->second.ours);
    std::cout << "differs on purpose: " << GetParam() << ": " << difference->second.why << "\n";
    ++tally_.differ;
    return;
  }
  const Json& metrics = answer.at("metrics");  // Go's empty list is null
  EXPECT_EQ(got, metrics.is_null() ? Json::array() : metrics);
  ++(HasFailure() ? tally_.fail : tally_.agree);
}

INSTANTIATE_TEST_SUITE_P(Recorded, ObserveConformance,
                         testing::ValuesIn(RecordedCases("semantics", {"observe_"})),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace lockstep
