// What every algorithm must do, run over all of them.
#include "operators/suggest/suggester.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace lockstep {
namespace {

ParameterSpec Range(std::string name, std::string type, std::string min, std::string max,
                    std::string step = "", std::string distribution = "") {
  return {std::move(name), std::move(type),
          FeasibleSpace{.max = std::move(max),
                        .min = std::move(min),
                        .list = {},
                        .step = std::move(step),
                        .distribution = std::move(distribution)}};
}

ParameterSpec List(std::string name, std::string type, std::vector<std::string> values) {
  return {std::move(name), std::move(type),
          FeasibleSpace{
              .max = {}, .min = {}, .list = std::move(values), .step = {}, .distribution = {}}};
}

SearchSpace MakeSpace(const std::vector<ParameterSpec>& specs) {
  Result<SearchSpace> space = SearchSpace::Create(specs);
  CHECK(space.ok()) << space.status().ToString();
  return *std::move(space);
}

// 5 * 4 * 3 * 2 = 120 points, one parameter of each type.
SearchSpace FiniteSpace() {
  return MakeSpace({Range("lr", "double", "0.01", "0.05", "0.01"),
                    Range("layers", "int", "1", "10", "3"),
                    List("batch", "discrete", {"0.50", "1e1", "32"}),
                    List("optimizer", "categorical", {"sgd", "adam"})});
}

SearchSpace Continuum() {
  return MakeSpace({Range("lr", "double", "1e-4", "1", "", "logUniform"),
                    Range("momentum", "double", "0.5", "0.9"), Range("layers", "int", "1", "10"),
                    List("optimizer", "categorical", {"sgd", "adam"})});
}

// A search whose trials are all proposed and never finish, as a restart in the middle sees it.
class Search {
 public:
  Search(std::string algorithm, const SearchSpace& space, std::uint64_t seed)
      : algorithm_(std::move(algorithm)), space_(space), seed_(seed), warm_(MakeCold()) {}

  std::vector<Proposal> Ask(int count, bool restart) {
    if (restart) warm_ = MakeCold();
    Result<std::vector<Proposal>> proposals = warm_->Suggest({.space = space_,
                                                              .settings = settings_,
                                                              .directions = directions_,
                                                              .history = history_,
                                                              .count = count,
                                                              .seed = seed_});
    CHECK(proposals.ok()) << proposals.status().ToString();
    for (const Proposal& proposal : *proposals) {
      history_.push_back({.assignments = proposal.assignments,
                          .labels = proposal.labels,
                          .outcome = TrialOutcome::kProposed,
                          .objectives = {},
                          .curve = {}});
    }
    return *std::move(proposals);
  }
  std::vector<std::vector<ParameterAssignment>> Points() const {
    std::vector<std::vector<ParameterAssignment>> points;
    for (const HistoryEntry& entry : history_) points.push_back(entry.assignments);
    return points;
  }

  std::vector<AlgorithmSetting> settings_;

 private:
  std::unique_ptr<Suggester> MakeCold() const {
    return std::move(MakeSuggester(algorithm_)).value();
  }

  const std::string algorithm_;
  const SearchSpace& space_;
  const std::uint64_t seed_;
  const std::vector<Direction> directions_ = {Direction::kMinimize};
  std::unique_ptr<Suggester> warm_;
  std::vector<HistoryEntry> history_;
};

class EverySuggester : public testing::TestWithParam<std::string> {
 protected:
  // Grid has no points of a continuum to enumerate.
  std::vector<SearchSpace> Spaces() const {
    std::vector<SearchSpace> spaces = {FiniteSpace()};
    if (GetParam() != "grid") spaces.push_back(Continuum());
    return spaces;
  }
};

TEST_P(EverySuggester, GivesTheSamePointsHoweverTheSearchIsCutAndRestarted) {
  for (const SearchSpace& space : Spaces()) {
    Search at_once(GetParam(), space, 7);
    at_once.Ask(60, false);
    for (const std::vector<int>& cuts :
         {std::vector<int>(60, 1), std::vector<int>{1, 2, 57}, std::vector<int>{59, 1}}) {
      for (const bool restart : {false, true}) {
        Search cut(GetParam(), space, 7);
        for (const int count : cuts) cut.Ask(count, restart);
        EXPECT_EQ(cut.Points(), at_once.Points());
      }
    }
  }
}

TEST_P(EverySuggester, GivesAsManyPointsAsAskedFor) {
  for (const SearchSpace& space : Spaces()) {
    for (const int count : {1, 3, 50}) {
      EXPECT_EQ(Search(GetParam(), space, 1).Ask(count, false).size(),
                static_cast<std::size_t>(count));
    }
  }
}

TEST_P(EverySuggester, StaysInBoundsOnStepAndInTheUsersSpelling) {
  const SearchSpace space = FiniteSpace();
  Search search(GetParam(), space, 3);
  search.Ask(120, false);
  for (const auto& point : search.Points()) {
    ASSERT_EQ(point.size(), 4u);
    for (std::size_t i = 0; i < point.size(); ++i) {
      EXPECT_EQ(point[i].name, space.parameters()[i].name);
    }
    EXPECT_THAT(point[0].value, testing::AnyOf("0.01", "0.02", "0.03", "0.04", "0.05"));
    EXPECT_THAT(point[1].value, testing::AnyOf("1", "4", "7", "10"));
    EXPECT_THAT(point[2].value, testing::AnyOf("0.50", "1e1", "32"));
    EXPECT_THAT(point[3].value, testing::AnyOf("sgd", "adam"));
  }
}

TEST_P(EverySuggester, TriesEveryPointOfAFiniteSpaceOnceAndThenEnds) {
  const SearchSpace space = FiniteSpace();
  Search search(GetParam(), space, 11);
  for (int i = 0; i < 17; ++i) search.Ask(7, i % 2 == 0);
  EXPECT_EQ(search.Ask(7, false).size(), 1u);  // 17 * 7 + 1 = 120
  EXPECT_TRUE(search.Ask(7, false).empty());
  std::set<std::vector<std::string>> different;
  for (const auto& point : search.Points()) {
    std::vector<std::string> values;
    for (const ParameterAssignment& assignment : point) values.push_back(assignment.value);
    different.insert(values);
  }
  EXPECT_EQ(different.size(), 120u);
}

TEST_P(EverySuggester, DoesNotCareHowTrialsEnd) {
  // These algorithms learn nothing; one that does replaces this by a test of what it learns.
  const SearchSpace space = FiniteSpace();
  const std::vector<AlgorithmSetting> settings;
  const std::vector<Direction> directions = {Direction::kMaximize};
  std::vector<HistoryEntry> history;
  Search reference(GetParam(), space, 5);
  for (const TrialOutcome outcome :
       {TrialOutcome::kSucceeded, TrialOutcome::kFailed, TrialOutcome::kEarlyStopped,
        TrialOutcome::kMetricsUnavailable, TrialOutcome::kPending}) {
    const auto suggester = std::move(MakeSuggester(GetParam())).value();
    const auto proposals = suggester->Suggest({.space = space,
                                               .settings = settings,
                                               .directions = directions,
                                               .history = history,
                                               .count = 1,
                                               .seed = 5});
    ASSERT_TRUE(proposals.ok());
    EXPECT_EQ((*proposals)[0].assignments, reference.Ask(1, false)[0].assignments);
    history.push_back({.assignments = (*proposals)[0].assignments,
                       .labels = {},
                       .outcome = outcome,
                       .objectives = {0.5},
                       .curve = {}});
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, EverySuggester, testing::ValuesIn(AlgorithmNames()),
                         [](const auto& suite) { return suite.param; });

double UnitValue(const ParameterAssignment& assignment) { return std::stod(assignment.value); }

TEST(Random, FillsARangeEvenly) {
  const SearchSpace space = MakeSpace({Range("x", "double", "0", "1")});
  Search search("random", space, 42);
  search.Ask(10000, false);
  std::vector<int> deciles(10);
  for (const auto& point : search.Points()) {
    ++deciles[static_cast<std::size_t>(UnitValue(point[0]) * 10)];
  }
  // 1000 expected in each; chi-squared with 9 degrees of freedom exceeds 27.9 once in a thousand.
  double chi_squared = 0;
  for (const int count : deciles) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_squared, 27.9);
}

TEST(Random, HasNoCorrelationBetweenParameters) {
  const SearchSpace space =
      MakeSpace({Range("x", "double", "-1", "1"), Range("y", "double", "-1", "1")});
  Search search("random", space, 42);
  search.Ask(10000, false);
  double product = 0;
  for (const auto& point : search.Points()) product += UnitValue(point[0]) * UnitValue(point[1]);
  // The mean of 10,000 products of variance 1/9 has deviation 1/300.
  EXPECT_LT(std::fabs(product / 10000), 4.0 / 300);
}

TEST(Random, ChangesWithTheSeedAndTakesItFromRandomState) {
  const SearchSpace space = Continuum();
  Search one("random", space, 1);
  Search two("random", space, 2);
  Search set("random", space, 1);
  set.settings_ = {{"random_state", "2"}};
  one.Ask(5, false);
  two.Ask(5, false);
  set.Ask(5, false);
  EXPECT_NE(one.Points(), two.Points());
  EXPECT_EQ(set.Points(), two.Points());
}

TEST(Grid, VariesTheLastParameterFastest) {
  const SearchSpace space =
      MakeSpace({Range("a", "int", "1", "2"), List("b", "categorical", {"u", "v"})});
  Search search("grid", space, 0);
  search.Ask(4, false);
  std::vector<std::string> order;
  for (const auto& point : search.Points()) order.push_back(point[0].value + point[1].value);
  EXPECT_THAT(order, testing::ElementsAre("1u", "1v", "2u", "2v"));
}

TEST(Grid, RefusesAContinuum) {
  const SearchSpace space = Continuum();
  const std::vector<AlgorithmSetting> settings;
  const std::vector<Direction> directions;
  const std::vector<HistoryEntry> history;
  const auto grid = std::move(MakeSuggester("grid")).value();
  const auto proposals = grid->Suggest(
      {.space = space, .settings = settings, .directions = directions, .history = history});
  EXPECT_THAT(proposals.status().message(), testing::HasSubstr("needs a step for parameter lr"));
}

TEST(Sobol, GivesThePublishedPoints) {
  // Joe and Kuo's sequence in two dimensions without its first point, the origin.
  const SearchSpace space =
      MakeSpace({Range("x", "double", "0", "1"), Range("y", "double", "0", "1")});
  Search search("sobol", space, 0);
  search.Ask(7, false);
  std::vector<std::pair<double, double>> points;
  for (const auto& point : search.Points()) {
    points.emplace_back(UnitValue(point[0]), UnitValue(point[1]));
  }
  EXPECT_THAT(points, testing::ElementsAre(std::pair(0.5, 0.5), std::pair(0.75, 0.25),
                                           std::pair(0.25, 0.75), std::pair(0.375, 0.375),
                                           std::pair(0.875, 0.875), std::pair(0.625, 0.125),
                                           std::pair(0.125, 0.625)));
}

TEST(Sobol, PutsOnePointInEachCellOfABinaryGrid) {
  const SearchSpace space =
      MakeSpace({Range("x", "double", "0", "1"), Range("y", "double", "0", "1")});
  Search search("sobol", space, 0);
  search.Ask(255, false);
  std::vector<int> cells(256);
  for (const auto& point : search.Points()) {
    ++cells[static_cast<std::size_t>(UnitValue(point[0]) * 16) * 16 +
            static_cast<std::size_t>(UnitValue(point[1]) * 16)];
  }
  EXPECT_EQ(std::ranges::count(cells, 1), 255);
  EXPECT_EQ(cells[0], 0);  // the cell of the origin, which is left out
}

}  // namespace
}  // namespace lockstep
