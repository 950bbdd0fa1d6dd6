// Settings of Katib's algorithms that this version does not have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operators/admission/manifests.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using Paths = std::set<std::string>;

constexpr char kName[] = "spec.algorithm.algorithmName";

std::string With(const std::string& algorithm, const std::string& settings) {
  return Changed("algorithmName: random",
                 "algorithmName: " + algorithm + "\n    algorithmSettings: [" + settings + "]");
}

TEST(ForeignAlgorithms, AreRightAndNotRunHere) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"tpe",
       "{name: gamma, value: '0.5'}, {name: prior_weight, value: '1.0'}, "
       "{name: n_EI_candidates, value: '24'}, {name: random_state, value: '0'}"},
      {"multivariate-tpe", "{name: n_startup_trials, value: '0'}"},
      {"bayesianoptimization",
       "{name: base_estimator, value: GP}, {name: acq_func, value: EIps}, "
       "{name: acq_optimizer, value: lbfgs}"},
      {"cmaes", "{name: sigma, value: '0.1'}, {name: restart_strategy, value: none}"},
      {"hyperband",
       "{name: resource_name, value: layers}, {name: r_l, value: '9'}, "
       "{name: eta, value: '9'}"},
      {"pbt", "{name: n_population, value: '5'}, {name: truncation_threshold, value: '0.4'}"},
      {"enas", "{name: controller_temperature, value: None}"},
      {"darts", "{name: num_epochs, value: '1'}, {name: w_lr, value: '3e-4'}"},
  };
  for (const auto& [algorithm, settings] : table) {
    EXPECT_EQ(Faults(With(algorithm, settings)), Paths{}) << Say(With(algorithm, settings));
    EXPECT_EQ(NotRunHere(With(algorithm, settings)), Paths{kName}) << algorithm;
  }
}

TEST(ForeignAlgorithms, RefuseSettingsByNameTypeAndRange) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"tpe", "{name: gama, value: '1'}",
       "algorithmSettings[0].name: unknown setting \"gama\" for "
       "algorithm tpe (did you mean gamma?)"},
      {"tpe", "{name: gamma, value: '1'}",
       "algorithmSettings[0].value: gamma must be a number above 0 and below 1, not \"1\""},
      {"tpe", "{name: n_EI_candidates, value: '0'}", "must be a whole number of at least 1"},
      {"tpe", "{name: random_state, value: '-1'}", "must be a whole number of at least 0"},
      {"tpe", "{name: random_state, value: '1.5'}", "whole number"},
      {"tpe", "{name: random_state, value: 1e3}", "whole number"},
      {"tpe", "{name: prior_weight, value: inf}", "must be a number above 0"},
      {"tpe", "{name: gamma, value: '.5'}, {name: gamma, value: '.5'}", "is there twice"},
      {"bayesianoptimization", "{name: base_estimator, value: gp}",
       "\"gp\" is not a known base_estimator"},
      {"cmaes", "{name: restart_strategy, value: bipopp}", "did you mean bipop?"},
      {"hyperband", "{name: r_l, value: '0'}", "r_l must be a number above 0"},
      {"pbt", "{name: n_population, value: '4'}", "at least 5"},
      {"pbt", "{name: truncation_threshold, value: '1.1'}", "of at least 0 and at most 1"},
      {"enas", "{name: controller_baseline_decay, value: None}", "must be a number"},
      {"darts", "{name: batch_size, value: none}", "or None"},
  };
  for (const auto& [algorithm, settings, said] : table) {
    EXPECT_THAT(Say(With(algorithm, settings)), HasSubstr(said)) << algorithm << settings;
    EXPECT_FALSE(Faults(With(algorithm, settings)).empty());
  }
}

TEST(ForeignAlgorithms, WarnOfASpaceThatDoesNotSuit) {
  const std::string list = "spec.algorithm.algorithmSettings";
  EXPECT_TRUE(Warnings(With("hyperband", "")).contains(list));
  EXPECT_TRUE(Warnings(With("hyperband", "{name: resource_name, value: no}")).contains(list));
  EXPECT_TRUE(
      Warnings(With("hyperband", "{name: r_l, value: '81'}")).contains("spec.parallelTrialCount"));
  EXPECT_TRUE(Warnings(With("enas", "")).contains("spec.nasConfig"));
  EXPECT_TRUE(Warnings(With("pbt", "")).contains("spec.parameters[0].feasibleSpace.step"));
  EXPECT_TRUE(
      Warnings(ChangedIn(With("cmaes", ""), "parameterType: int", "parameterType: discrete"))
          .contains("spec.parameters"));
}

TEST(ForeignAlgorithms, AreNotAnythingElse) {
  EXPECT_EQ(Faults(With("TPE", "")), Paths{kName});
  EXPECT_EQ(Faults(With("asha", "")), Paths{kName});
}

}  // namespace
}  // namespace lockstep
