#include "operators/observe/early_stop_rules.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

ObjectiveSpec Objective(const char* type) {
  ObjectiveSpec objective;
  objective.type = type;
  objective.objective_metric_name = "score";
  return objective;
}

std::vector<MetricRow> Reports(const std::vector<std::pair<std::string, std::string>>& values) {
  std::vector<MetricRow> rows;
  for (const auto& [name, value] : values) rows.push_back({name, value, "", 0});
  return rows;
}

TEST(EarlyStopReason, WithoutRulesATrialGoesOn) {
  EXPECT_FALSE(EarlyStopReason({}, Objective("maximize"), Reports({{"score", "0"}})));
}

TEST(EarlyStopReason, IsLookedAtFromItsStartStepOn) {
  const std::vector<EarlyStoppingRule> rules = {{"loss", "2", "greater", 3}};
  const auto objective = Objective("maximize");
  EXPECT_FALSE(EarlyStopReason(rules, objective, Reports({{"loss", "9"}, {"loss", "9"}})));
  // Katib would look at the third report alone.
  const auto reason = EarlyStopReason(
      rules, objective,
      Reports({{"loss", "9"}, {"loss", "9"}, {"loss", "1"}, {"score", "5"}, {"loss", "2.5"}}));
  EXPECT_EQ(reason.value_or(""), "loss is greater than 2 at report 4 (2.5)");
}

TEST(EarlyStopReason, ComparesTheObjectiveByItsBestSoFar) {
  const std::vector<EarlyStoppingRule> rules = {{"score", "0.6", "less", 2}};
  const auto objective = Objective("maximize");
  EXPECT_FALSE(EarlyStopReason(rules, objective, Reports({{"score", "0.7"}, {"score", "0.1"}})));
  EXPECT_TRUE(EarlyStopReason(rules, objective, Reports({{"score", "0.5"}, {"score", "0.1"}})));
  EXPECT_FALSE(EarlyStopReason({{"score", "0.6", "greater", 1}}, Objective("minimize"),
                               Reports({{"score", "0.5"}, {"score", "9"}})));
}

TEST(EarlyStopReason, NeedsAllRulesEachAtAnyTime) {
  const std::vector<EarlyStoppingRule> rules = {{"a", "1", "equal", 0}, {"b", "5", "greater", 0}};
  const auto objective = Objective("minimize");
  EXPECT_FALSE(EarlyStopReason(rules, objective, Reports({{"a", "1"}, {"b", "5"}})));
  EXPECT_TRUE(EarlyStopReason(rules, objective, Reports({{"a", "1"}, {"a", "7"}, {"b", "6"}})));
}

TEST(EarlyStopReason, WhatIsNoNumberIsNoReport) {
  const std::vector<EarlyStoppingRule> rules = {{"loss", "2", "greater", 2}};
  const auto objective = Objective("minimize");
  EXPECT_FALSE(
      EarlyStopReason(rules, objective, Reports({{"loss", "nan"}, {"loss", ""}, {"loss", "9"}})));
  EXPECT_TRUE(
      EarlyStopReason(rules, objective, Reports({{"loss", "nan"}, {"loss", "9"}, {"loss", "9"}})));
}

TEST(EarlyStopReason, KatibLooksAtEachRuleOnceAtItsStartStep) {
  const std::vector<EarlyStoppingRule> rules = {{"loss", "2", "greater", 2}};
  const std::vector<EarlyStoppingRule> always = {{"acc", "2", "greater", 0}};
  const auto objective = Objective("maximize");
  const auto katib = [&](const auto& which, const std::vector<MetricRow>& rows) {
    return EarlyStopReason(which, objective, rows, RuleTiming::kAtStartStep);
  };
  EXPECT_FALSE(katib(rules, Reports({{"loss", "9"}, {"loss", "1"}, {"loss", "9"}})));
  EXPECT_TRUE(katib(rules, Reports({{"loss", "1"}, {"loss", "9"}, {"loss", "1"}})));
  EXPECT_TRUE(katib(always, Reports({{"acc", "1"}, {"acc", "1"}, {"acc", "9"}})));
}

}  // namespace
}  // namespace lockstep
