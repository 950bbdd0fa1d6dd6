#include "operators/observe/summarize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/observe/metric_value.h"

namespace lockstep {
namespace {

using testing::ElementsAre;

ObjectiveSpec Objective(std::string type, std::string strategy = "") {
  ObjectiveSpec objective;
  objective.type = std::move(type);
  objective.objective_metric_name = "loss";
  objective.additional_metric_names = {"acc", "f1"};
  if (strategy.empty()) strategy = objective.type == "maximize" ? "max" : "min";
  objective.metric_strategies = {{"loss", std::move(strategy)}, {"acc", "max"}, {"f1", "max"}};
  return objective;
}

MetricRow Row(std::string name, std::string value, std::int64_t step = 0) {
  return {std::move(name), std::move(value), "0001-01-01T00:00:00Z", step};
}

TEST(Summarize, PutsTheObjectiveFirstAndLeavesOutWhatWasNotReported) {
  EXPECT_THAT(Summarize(Objective("minimize"), {Row("acc", "1"), Row("x", "3"), Row("loss", "2")})
                  .value()
                  .metrics,
              ElementsAre(Metric{"loss", "2", "2", "2"}, Metric{"acc", "1", "1", "1"}));
}

TEST(Summarize, NeverTakesWhatIsNotFiniteAsMinOrMax) {
  for (const char* bad : {"nan", "NaN", "inf", "-inf", "1e400", ""}) {
    EXPECT_THAT(
        Summarize(Objective("minimize"), {Row("loss", bad), Row("loss", "0.5")}).value().metrics,
        ElementsAre(Metric{"loss", "0.5", "0.5", "0.5"}))
        << bad;
  }
}

TEST(Summarize, CallsAnObjectiveWithoutANumberUnavailableButKeepsTheTextOfOthers) {
  EXPECT_THAT(
      Summarize(Objective("minimize"), {Row("loss", "nan"), Row("acc", "nan")}).value().metrics,
      ElementsAre(Metric{"loss", kUnavailable, kUnavailable, kUnavailable},
                  Metric{"acc", kUnavailable, kUnavailable, "nan"}));
}

TEST(Summarize, LeavesOutWhatHasNoStrategyAndRefusesATimeThatIsNone) {
  ObjectiveSpec objective = Objective("minimize");
  objective.metric_strategies = {{"acc", "max"}};
  EXPECT_THAT(Summarize(objective, {Row("acc", "1"), Row("loss", "2")}).value().metrics,
              ElementsAre(Metric{"acc", "1", "1", "1"}));
  const auto untimed = Summarize(Objective("minimize"), {{"loss", "1", "yesterday", 0}});
  EXPECT_EQ(untimed.status().kind(), StatusKind::kInvalidArgument);
}

TEST(ObjectiveValue, FollowsTheStrategy) {
  const std::vector<MetricRow> rows = {Row("loss", "3"), Row("loss", "1"), Row("loss", "2")};
  const auto value = [&](const ObjectiveSpec& objective) {
    return ObjectiveValue(objective, Summarize(objective, rows).value());
  };
  EXPECT_EQ(value(Objective("minimize")), 1);
  EXPECT_EQ(value(Objective("maximize")), 3);
  EXPECT_EQ(value(Objective("minimize", "latest")), 2);
  EXPECT_EQ(value(Objective("minimize", "max")), 3);
}

TEST(ObjectiveValue, IsNoneWhereThereIsNoFiniteNumber) {
  EXPECT_EQ(ObjectiveValue(Objective("minimize"), {}), std::nullopt);
  const ObjectiveSpec latest = Objective("minimize", "latest");
  EXPECT_EQ(
      ObjectiveValue(latest, Summarize(latest, {Row("loss", "1"), Row("loss", "nan")}).value()),
      std::nullopt);
}

TEST(Curve, KeepsAShortOneWhole) {
  EXPECT_THAT(Curve(Objective("minimize"),
                    {Row("loss", "3", 1), Row("acc", "9", 1), Row("loss", "nan", 2)}),
              ElementsAre(CurvePoint{1, "3"}, CurvePoint{2, "nan"}));
}

TEST(Curve, ThinsALongOneEvenlyAndKeepsItsLastPoint) {
  std::vector<MetricRow> rows;
  for (int i = 1; i <= 1000; ++i) rows.push_back(Row("loss", "0", i));
  const std::vector<CurvePoint> curve = Curve(Objective("minimize"), rows, 4);
  EXPECT_THAT(curve, ElementsAre(CurvePoint{250, "0"}, CurvePoint{500, "0"}, CurvePoint{750, "0"},
                                 CurvePoint{1000, "0"}));
  EXPECT_EQ(Curve(Objective("minimize"), rows).size(), 200u);
}

TEST(MetricValue, ReadsNumbersAsGoDoes) {
  EXPECT_EQ(ParseMetricValue("+.5e1"), 5);
  EXPECT_EQ(ParseMetricValue("1."), 1);
  EXPECT_EQ(ParseMetricValue("0x1p-2"), 0.25);
  EXPECT_EQ(ParseMetricValue("0x_1p0"), 1);
  EXPECT_EQ(ParseMetricValue("1_000.5"), 1000.5);
  EXPECT_EQ(ParseMetricValue("1e-400"), 0);
  for (const char* text : {"",    "+",    "-",  ".",  "e5",   "1e",  "--1", " 1",    "1 ", "0x10",
                           "0b1", "1__0", "_1", "1_", "1_.5", "nan", "inf", "1e400", "1f", "0x"}) {
    EXPECT_EQ(ParseMetricValue(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace lockstep
