#include "operators/suggest/median_stop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using testing::HasSubstr;

AlgorithmSpec MedianStop(const std::vector<AlgorithmSetting>& settings) {
  return {"medianstop", settings};
}

ObjectiveSpec Minimize(const char* name) {
  ObjectiveSpec objective;
  objective.type = "minimize";
  objective.objective_metric_name = name;
  return objective;
}

TEST(MedianStopRule, WaitsForEnoughTrials) {
  const AlgorithmSpec spec = MedianStop({});
  EXPECT_FALSE(MedianStopRule(spec, Minimize("loss"), {{1}, {2}}));
  EXPECT_FALSE(MedianStopRule(spec, Minimize("loss"), {{1}, {2}, {}})) << "one reported nothing";
  EXPECT_TRUE(MedianStopRule(spec, Minimize("loss"), {{1}, {2}, {3}}));
}

TEST(MedianStopRule, TakesTheMedianOfTheFirstReportsAverages) {
  const AlgorithmSpec spec = MedianStop({{"min_trials_required", "3"}, {"start_step", "2"}});
  // Averages 2, 4 and, diverged, 1e9: the mean would be useless.
  const auto rule =
      MedianStopRule(spec, Minimize("loss"), {{1, 3, 100}, {4, 4, 0.1}, {1e9, 1e9, 1}});
  ASSERT_TRUE(rule);
  EXPECT_EQ(*rule, (EarlyStoppingRule{"loss", "4", "greater", 2}));
  ObjectiveSpec maximize = Minimize("accuracy");
  maximize.type = "maximize";
  const auto even = MedianStopRule(spec, maximize, {{0.5}, {0.6}, {0.25}, {0.9}});
  ASSERT_TRUE(even);
  EXPECT_EQ(*even, (EarlyStoppingRule{"accuracy", "0.55", "less", 2}));
}

struct BadCase {
  AlgorithmSpec spec;
  std::string path;
  std::string message;
};

TEST(MedianStopRule, KatibTakesTheMeanOfTheAverages) {
  const AlgorithmSpec spec = MedianStop({{"min_trials_required", "3"}, {"start_step", "2"}});
  const ObjectiveSpec objective = Minimize("loss");
  const std::vector<std::vector<double>> succeeded = {{1, 1, 99}, {1, 1}, {10}};
  EXPECT_EQ(MedianStopRule(spec, objective, succeeded)->value, "1");
  EXPECT_EQ(MedianStopRule(spec, objective, succeeded, MedianStopForm::kKatibMean)->value, "4");
}

TEST(CheckEarlyStopping, SpeaksOfEachMistakeInKatibsWords) {
  EXPECT_TRUE(CheckEarlyStopping(MedianStop({{"start_step", "1"}})).empty());
  const std::vector<BadCase> cases = {
      {{"unknown", {}}, "earlyStopping.algorithmName", "unknown algorithm name unknown"},
      {{"medianstopp", {}}, "earlyStopping.algorithmName", "did you mean medianstop?"},
      {{"", {}}, "earlyStopping.algorithmName", "is missing: use medianstop"},
      {MedianStop({{"unknown_conf", "1"}}), "earlyStopping.algorithmSettings[0].name",
       "unknown setting unknown_conf for algorithm medianstop"},
      {MedianStop({{"min_trials_required", "0"}}), "earlyStopping.algorithmSettings[0].value",
       "min_trials_required must be greater than zero (>0)"},
      {MedianStop({{"start_step", "0"}}), "earlyStopping.algorithmSettings[0].value",
       "start_step must be greater or equal than one (>=1)"},
      {MedianStop({{"start_step", "2.5"}}), "earlyStopping.algorithmSettings[0].value",
       "write a whole number"},
      {MedianStop({{"start_step", "2"}, {"start_step", "3"}}),
       "earlyStopping.algorithmSettings[1].name", "is there twice"},
  };
  for (const BadCase& bad : cases) {
    const auto errors = CheckEarlyStopping(bad.spec);
    ASSERT_EQ(errors.size(), 1u) << bad.message;
    EXPECT_EQ(errors[0].path, bad.path);
    EXPECT_THAT(errors[0].message, HasSubstr(bad.message));
  }
}

}  // namespace
}  // namespace lockstep
