#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/suggest/suggester.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ExperimentSpec Spec(std::string algorithm, std::vector<AlgorithmSetting> settings = {}) {
  ExperimentSpec spec;
  spec.parameters = {
      {"lr", "double",
       FeasibleSpace{
           .max = "0.05", .min = "0.01", .list = {}, .step = "0.01", .distribution = "uniform"}}};
  spec.algorithm = AlgorithmSpec{std::move(algorithm), std::move(settings)};
  return spec;
}

TEST(Registry, ListsTheAlgorithmsThatAreBuilt) {
  EXPECT_THAT(AlgorithmNames(), ElementsAre("random", "grid", "sobol"));
  for (const std::string& name : AlgorithmNames()) EXPECT_TRUE(MakeSuggester(name).ok()) << name;
}

TEST(Registry, GuessesWhatATypoMeant) {
  EXPECT_EQ(MakeSuggester("randon").status(),
            NotFound("\"randon\" is not an algorithm (did you mean random?): use one of random, "
                     "grid, sobol"));
  EXPECT_EQ(MakeSuggester("annealing").status(),
            NotFound("\"annealing\" is not an algorithm: use one of random, grid, sobol"));
}

TEST(Registry, SaysOfKatibsOtherAlgorithmsThatTheyAreNotBuilt) {
  EXPECT_EQ(MakeSuggester("tpe").status(),
            NotFound("algorithm \"tpe\" is not built yet: use one of random, grid, sobol"));
}

TEST(CheckAlgorithm, AcceptsWhatRuns) {
  for (const std::string& name : AlgorithmNames()) {
    EXPECT_THAT(CheckAlgorithm(Spec(name)), IsEmpty()) << name;
  }
  EXPECT_THAT(CheckAlgorithm(Spec("random", {{"random_state", "10"}})), IsEmpty());
  ExperimentSpec fits = Spec("grid");
  fits.max_trial_count = 5;
  EXPECT_THAT(CheckAlgorithm(fits), IsEmpty());
}

struct Refusal {
  ExperimentSpec spec;
  std::string path;
  std::string why;
};

TEST(CheckAlgorithm, RefusesWithPathAndReason) {
  ExperimentSpec none = Spec("random");
  none.algorithm.reset();
  ExperimentSpec too_many = Spec("grid");
  too_many.max_trial_count = 6;
  ExperimentSpec no_step = Spec("grid");
  no_step.parameters[0].feasible_space->step.clear();
  ExperimentSpec normal = Spec("grid");
  normal.parameters[0].feasible_space->distribution = "normal";
  ExperimentSpec empty = Spec("sobol");
  empty.parameters.clear();
  const std::vector<Refusal> refusals = {
      {none, "algorithm", "required"},
      {Spec("Random"), "algorithm.algorithmName", "did you mean random?"},
      {Spec("cmaes"), "algorithm.algorithmName", "not built yet"},
      {Spec("random", {{"random_stat", "1"}}), "algorithm.algorithmSettings[0].name",
       "unknown setting \"random_stat\" for algorithm random: it has random_state"},
      {Spec("sobol", {{"random_state", "1"}}), "algorithm.algorithmSettings[0].name", "has none"},
      {Spec("random", {{"random_state", "-1"}}), "algorithm.algorithmSettings[0].value",
       "zero or greater, not \"-1\""},
      {Spec("random", {{"random_state", "1.5"}}), "algorithm.algorithmSettings[0].value", "whole"},
      {Spec("random", {{"random_state", "1"}, {"random_state", "2"}}),
       "algorithm.algorithmSettings[1].name", "there twice"},
      {too_many, "maxTrialCount", "the grid has 5 points, fewer than maxTrialCount 6"},
      {no_step, "parameters[0].feasibleSpace.step", "parameter lr needs a step"},
      {normal, "parameters[0].feasibleSpace.distribution", "normal is not honoured by grid"},
      {empty, "parameters", "not 0"},
  };
  for (const Refusal& refusal : refusals) {
    const std::vector<SettingError> errors = CheckAlgorithm(refusal.spec);
    ASSERT_EQ(errors.size(), 1u) << refusal.why;
    EXPECT_EQ(errors[0].path, refusal.path);
    EXPECT_THAT(errors[0].message, HasSubstr(refusal.why));
  }
}

TEST(CheckAlgorithm, LeavesABrokenSpaceToSearchSpace) {
  ExperimentSpec broken = Spec("grid");
  broken.parameters[0].feasible_space->min = "high";
  EXPECT_THAT(CheckAlgorithm(broken), IsEmpty());
}

}  // namespace
}  // namespace lockstep
