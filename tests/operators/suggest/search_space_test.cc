#include "operators/suggest/search_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

ParameterSpec Range(std::string type, std::string min, std::string max, std::string step = "",
                    std::string distribution = "") {
  return {"x", std::move(type),
          FeasibleSpace{.max = std::move(max),
                        .min = std::move(min),
                        .list = {},
                        .step = std::move(step),
                        .distribution = std::move(distribution)}};
}

ParameterSpec List(std::string type, std::vector<std::string> values) {
  return {"x", std::move(type),
          FeasibleSpace{
              .max = {}, .min = {}, .list = std::move(values), .step = {}, .distribution = {}}};
}

Parameter Make(const ParameterSpec& spec) {
  Result<SearchSpace> space = SearchSpace::Create({spec});
  CHECK(space.ok()) << space.status().ToString();
  return space->parameters()[0];
}

std::vector<std::string> AllValues(const Parameter& parameter) {
  std::vector<std::string> values;
  for (std::uint64_t i = 0; i < parameter.cardinality(); ++i)
    values.push_back(parameter.ValueAt(i));
  return values;
}

TEST(SearchSpace, SpellsStepsAsDecimalsWithoutDrift) {
  EXPECT_THAT(AllValues(Make(Range("double", "0.01", "0.05", "0.01"))),
              ElementsAre("0.01", "0.02", "0.03", "0.04", "0.05"));
  EXPECT_THAT(AllValues(Make(Range("double", "0", "0.3", "0.1"))),
              ElementsAre("0", "0.1", "0.2", "0.3"));
  EXPECT_THAT(AllValues(Make(Range("double", "-0.2", "0.1", "0.1"))),
              ElementsAre("-0.2", "-0.1", "0", "0.1"));
  EXPECT_THAT(AllValues(Make(Range("double", "1e-05", "3e-5", "1e-5"))),
              ElementsAre("1e-05", "2e-05", "3e-05"));
}

TEST(SearchSpace, LeavesOutAnEndThatIsNotOnAStep) {
  EXPECT_THAT(AllValues(Make(Range("double", "0.1", "0.55", "0.2"))),
              ElementsAre("0.1", "0.3", "0.5"));
  EXPECT_THAT(AllValues(Make(Range("int", "1", "10", "4"))), ElementsAre("1", "5", "9"));
  EXPECT_THAT(AllValues(Make(Range("int", "3", "4", "7"))), ElementsAre("3"));
}

TEST(SearchSpace, StepsIntegersByOneUnlessTold) {
  EXPECT_THAT(AllValues(Make(Range("int", "-1", "2"))), ElementsAre("-1", "0", "1", "2"));
}

TEST(SearchSpace, KeepsListsAsTheUserSpelledThem) {
  EXPECT_THAT(AllValues(Make(List("discrete", {"0.010", "1e2", "7"}))),
              ElementsAre("0.010", "1e2", "7"));
  EXPECT_THAT(AllValues(Make(List("categorical", {"sgd", "adam"}))), ElementsAre("sgd", "adam"));
}

TEST(SearchSpace, EveryValueOfAThousandStepsReadsBackAsTheNearestDecimal) {
  const Parameter parameter = Make(Range("double", "0.001", "1", "0.001"));
  ASSERT_EQ(parameter.cardinality(), 1000u);
  for (int i = 0; i < 1000; ++i) {
    const double value = std::stod(parameter.ValueAt(static_cast<std::uint64_t>(i)));
    EXPECT_EQ(value, (i + 1) / 1000.0) << i;
  }
}

TEST(SearchSpace, CountsPointsAndContinua) {
  EXPECT_EQ(Make(Range("double", "0", "1")).cardinality(), 0u);
  EXPECT_EQ(Make(Range("double", "2", "2")).cardinality(), 1u);
  const auto space =
      SearchSpace::Create({{"a", "int", Range("int", "1", "3").feasible_space},
                           {"b", "categorical", List("categorical", {"u", "v"}).feasible_space}});
  ASSERT_TRUE(space.ok());
  EXPECT_EQ(space->cardinality(), 6u);
  const std::vector<ParameterAssignment> point = space->PointAt(3);
  EXPECT_EQ(point[0].value, "2");
  EXPECT_EQ(point[1].value, "v");
}

TEST(SearchSpace, SaysThatMorePointsThanSixtyThreeBitsCannotBeCounted) {
  std::vector<ParameterSpec> specs;
  for (int i = 0; i < 3; ++i) {
    specs.push_back(Range("int", "1", "4194304"));
    specs.back().name = "x" + std::to_string(i);
  }
  EXPECT_EQ(SearchSpace::Create(specs)->cardinality(), 0u);
  specs.pop_back();
  EXPECT_EQ(SearchSpace::Create(specs)->cardinality(), std::uint64_t{1} << 44);
}

TEST(SearchSpace, SpreadsALogarithmicRangeOverItsDecades) {
  const Parameter parameter = Make(Range("double", "1e-4", "1", "", "logUniform"));
  EXPECT_NEAR(std::stod(parameter.FromUnit(0.25)), 1e-3, 1e-12);
  EXPECT_NEAR(std::stod(parameter.FromUnit(0.5)), 1e-2, 1e-12);
  EXPECT_GE(std::stod(parameter.FromUnit(0)), 1e-4);
}

TEST(SearchSpace, CutsANormalRangeOffAtItsBounds) {
  const Parameter parameter = Make(Range("double", "-3", "3", "", "normal"));
  EXPECT_NEAR(std::stod(parameter.FromUnit(0)), -3, 1e-9);
  EXPECT_NEAR(std::stod(parameter.FromUnit(0.5)), 0, 1e-9);
  // 0.8413 is the share of the normal distribution below one deviation, which is (max - min) / 6.
  EXPECT_NEAR(std::stod(parameter.FromUnit(0.8413447460685429)), 1, 0.01);
  const Parameter log = Make(Range("double", "0.001", "1000", "", "logNormal"));
  EXPECT_NEAR(std::stod(log.FromUnit(0.5)), 1, 1e-9);
}

TEST(SearchSpace, StaysInsideWhereMaxMinusMinOverflows) {
  const Parameter parameter = Make(Range("double", "-1e308", "1e308"));
  for (const double unit : {0.0, 0.25, 0.5, 0.999}) {
    EXPECT_TRUE(std::isfinite(std::stod(parameter.FromUnit(unit)))) << unit;
  }
}

struct Refusal {
  ParameterSpec spec;
  std::string path;
  std::string why;
};

TEST(SearchSpace, HoldsEveryValueItGivesAndNothingBesides) {
  const Parameter specs[] = {Make(Range("double", "0.01", "0.1")),
                             Make(Range("double", "-0.2", "1000", "0.1")),
                             Make(Range("double", "1e-6", "1", "", "logUniform")),
                             Make(Range("int", "0.5", "4.5")),
                             Make(Range("int", "2", "64", "2")),
                             Make(List("discrete", {"0.1", "1"})),
                             Make(List("categorical", {"0.1", "adam"}))};
  for (const Parameter& parameter : specs) {
    for (int i = 0; i < 1000; ++i) {
      const std::string value = parameter.FromUnit(i / 1000.0);
      EXPECT_TRUE(parameter.Holds(value)) << value;
    }
    EXPECT_FALSE(parameter.Holds("2e9"));
    EXPECT_FALSE(parameter.Holds("-5"));
    EXPECT_FALSE(parameter.Holds(""));
    EXPECT_FALSE(parameter.Holds("sgd"));
    EXPECT_FALSE(parameter.Holds("nan"));
  }
  EXPECT_TRUE(specs[0].Holds("5e-2"));
  EXPECT_FALSE(specs[1].Holds("0.15"));
  EXPECT_FALSE(specs[3].Holds("0.5"));
  EXPECT_FALSE(specs[3].Holds("5"));
  EXPECT_FALSE(specs[4].Holds("3"));
  EXPECT_TRUE(specs[5].Holds("0.10"));
  EXPECT_FALSE(specs[6].Holds("0.10"));
}

TEST(SearchSpace, RefusesWithPathAndReason) {
  ParameterSpec nameless = Range("int", "1", "2");
  nameless.name.clear();
  ParameterSpec both = Range("int", "1", "2");
  both.feasible_space->list = {"1"};
  const std::vector<Refusal> refusals = {
      {nameless, "parameters[0].name: ", "needs a name"},
      {Range("float", "1", "2"), "parameters[0].parameterType: ", "use double, int, discrete"},
      {{"x", "int", std::nullopt}, "parameters[0].feasibleSpace: ", "needs a feasible space"},
      {Range("double", "", "2"), "parameters[0].feasibleSpace.max: ", "both min and max"},
      {Range("double", "abc", "2"), "parameters[0].feasibleSpace.min: ", "\"abc\" is not a finite"},
      {Range("double", "nan", "2"), "parameters[0].feasibleSpace.min: ", "finite number"},
      {Range("double", "+-1", "2"), "parameters[0].feasibleSpace.min: ", "finite number"},
      {Range("double", "0", "inf"), "parameters[0].feasibleSpace.max: ", "finite number"},
      {Range("int", "1.2", "1.8"), "parameters[0].feasibleSpace.min: ", "above max"},
      {Range("int", "1", "5", "1.5"), "parameters[0].feasibleSpace.step: ", "whole number"},
      {Range("int", "0", "1e300"), "parameters[0].feasibleSpace.max: ", "within 2^53"},
      {Range("double", "3", "2"), "parameters[0].feasibleSpace.min: ", "above max 2"},
      {Range("int", "1", "2", "0"), "parameters[0].feasibleSpace.step: ", "above 0"},
      {Range("double", "1", "2", "-0.5"), "parameters[0].feasibleSpace.step: ", "above 0"},
      {Range("double", "1", "2", "x"), "parameters[0].feasibleSpace.step: ", "\"x\""},
      {Range("double", "1", "2", "1e-17"), "parameters[0].feasibleSpace.step: ", "too small"},
      {Range("double", "1e16", "2e16", "0.5"), "parameters[0].feasibleSpace.step: ", "too small"},
      {Range("double", "0", "1", "", "logUniform"),
       "parameters[0].feasibleSpace.min: ", "min above 0"},
      {Range("double", "0", "1", "", "gamma"),
       "parameters[0].feasibleSpace.distribution: ", "is no distribution"},
      {both, "parameters[0].feasibleSpace.list: ", "no list"},
      {List("categorical", {}), "parameters[0].feasibleSpace.list: ", "at least one value"},
      {List("discrete", {"1", "2", "1"}), "parameters[0].feasibleSpace.list: ", "listed twice"},
  };
  for (const Refusal& refusal : refusals) {
    const Result<SearchSpace> space = SearchSpace::Create({refusal.spec});
    ASSERT_FALSE(space.ok()) << refusal.path << refusal.why;
    EXPECT_EQ(space.status().kind(), StatusKind::kInvalidArgument);
    EXPECT_THAT(space.status().message(), StartsWith(refusal.path));
    EXPECT_THAT(space.status().message(), HasSubstr(refusal.why));
  }
}

TEST(SearchSpace, TakesTheWholeNumbersBetweenTheBoundsOfAnInt) {
  const Result<SearchSpace> space = SearchSpace::Create({Range("int", "0.01", "3.9")});
  ASSERT_TRUE(space.ok()) << space.status().message();
  const Parameter& parameter = space->parameters().front();
  EXPECT_EQ(parameter.cardinality(), 3u);
  EXPECT_EQ(parameter.ValueAt(0), "1");
  EXPECT_EQ(parameter.ValueAt(2), "3");
}

TEST(SearchSpace, PassesOverTheDistributionOfAList) {
  ParameterSpec list = List("categorical", {"a", "b"});
  list.feasible_space->distribution = "logUniform";
  const Result<SearchSpace> space = SearchSpace::Create({list});
  ASSERT_TRUE(space.ok()) << space.status().message();
  EXPECT_EQ(space->parameters().front().distribution, Distribution::kUniform);
}

TEST(SearchSpace, RefusesTwoParametersOfOneName) {
  const Result<SearchSpace> space =
      SearchSpace::Create({Range("int", "1", "2"), Range("int", "1", "2")});
  EXPECT_THAT(space.status().message(), StartsWith("parameters[1].name: "));
}

}  // namespace
}  // namespace lockstep
