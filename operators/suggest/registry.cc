#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <ranges>

#include "operators/api/did_you_mean.h"
#include "operators/suggest/algorithms.h"

namespace lockstep {
namespace {

struct Algorithm {
  std::string_view name;
  std::unique_ptr<Suggester> (*make)();
  std::vector<std::string_view> settings;
};

// Katib's random_state is taken by grid too; the order of a grid does not depend on chance.
const std::vector<Algorithm>& Algorithms() {
  static const std::vector<Algorithm> kTable = {
      {"random", MakeRandom, {"random_state"}},
      {"grid", MakeGrid, {"random_state"}},
      {"sobol", MakeSobol, {}},
  };
  return kTable;
}

// Katib's other algorithms: a manifest that names one is right, and ahead of us.
constexpr std::array<std::string_view, 8> kNotBuilt = {
    "tpe", "multivariate-tpe", "bayesianoptimization", "cmaes", "hyperband", "pbt", "enas", "darts",
};

const Algorithm* Find(std::string_view name) {
  const auto found = std::ranges::find(Algorithms(), name, &Algorithm::name);
  return found == Algorithms().end() ? nullptr : &*found;
}

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

template <class Names>
std::string Join(const Names& names) {
  std::string joined;
  for (const auto& name : names) (joined += joined.empty() ? "" : ", ") += name;
  return joined;
}

std::string UnknownAlgorithm(std::string_view name) {
  const std::string known = "use one of " + Join(AlgorithmNames());
  if (std::ranges::find(kNotBuilt, name) != kNotBuilt.end()) {
    return "algorithm " + Quoted(name) + " is not built yet: " + known;
  }
  const auto names = std::views::transform(Algorithms(), &Algorithm::name);
  return Quoted(name) + " is not an algorithm" + DidYouMean(name, {names.begin(), names.end()}) +
         ": " + known;
}

std::optional<std::uint64_t> ParseSeed(std::string_view text) {
  std::uint64_t seed = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return seed;
}

void CheckSettings(const Algorithm& algorithm, const AlgorithmSpec& spec,
                   std::vector<SettingError>* errors) {
  for (std::size_t i = 0; i < spec.algorithm_settings.size(); ++i) {
    const AlgorithmSetting& setting = spec.algorithm_settings[i];
    const std::string path = "algorithm.algorithmSettings[" + std::to_string(i) + "]";
    if (std::ranges::find(algorithm.settings, setting.name) == algorithm.settings.end()) {
      const std::string known =
          algorithm.settings.empty() ? "it has none" : "it has " + Join(algorithm.settings);
      errors->push_back({path + ".name", "unknown setting " + Quoted(setting.name) +
                                             " for algorithm " + std::string(algorithm.name) +
                                             ": " + known});
    } else if (!ParseSeed(setting.value)) {
      errors->push_back({path + ".value", setting.name +
                                              " should be a whole number, zero or "
                                              "greater, not " +
                                              Quoted(setting.value)});
    }
    const auto first =
        std::ranges::find(spec.algorithm_settings, setting.name, &AlgorithmSetting::name);
    if (first - spec.algorithm_settings.begin() != static_cast<std::ptrdiff_t>(i)) {
      errors->push_back(
          {path + ".name", "setting " + setting.name + " is there twice: remove one"});
    }
  }
}

void CheckGrid(const ExperimentSpec& spec, const SearchSpace& space,
               std::vector<SettingError>* errors) {
  for (std::size_t i = 0; i < space.parameters().size(); ++i) {
    const Parameter& parameter = space.parameters()[i];
    const std::string path = "parameters[" + std::to_string(i) + "].feasibleSpace";
    if (parameter.cardinality() == 0) {
      errors->push_back({path + ".step", "grid search tries every value: parameter " +
                                             parameter.name + " needs a step"});
    }
    if (parameter.distribution == Distribution::kNormal ||
        parameter.distribution == Distribution::kLogNormal) {
      errors->push_back({path + ".distribution",
                         spec.parameters[i].feasible_space->distribution +
                             " is not honoured by grid, which tries every value once: use random "
                             "or sobol, or leave the distribution out"});
    }
  }
  const std::uint64_t points = space.cardinality();
  if (points != 0 && spec.max_trial_count.value_or(0) > 0 &&
      points < static_cast<std::uint64_t>(*spec.max_trial_count)) {
    errors->push_back({"maxTrialCount", "the grid has " + std::to_string(points) +
                                            " points, fewer than maxTrialCount " +
                                            std::to_string(*spec.max_trial_count) +
                                            ": lower it, or leave it out to try them all"});
  }
}

}  // namespace

std::uint64_t SeedOf(const std::vector<AlgorithmSetting>& settings, std::uint64_t seed) {
  const auto found = std::ranges::find(settings, "random_state", &AlgorithmSetting::name);
  return found == settings.end() ? seed : ParseSeed(found->value).value_or(seed);
}

std::vector<std::string> AlgorithmNames() {
  std::vector<std::string> names;
  for (const Algorithm& algorithm : Algorithms()) names.emplace_back(algorithm.name);
  return names;
}

Result<std::unique_ptr<Suggester>> MakeSuggester(std::string_view algorithm_name) {
  const Algorithm* algorithm = Find(algorithm_name);
  if (algorithm == nullptr) return NotFound(UnknownAlgorithm(algorithm_name));
  return algorithm->make();
}

std::vector<SettingError> CheckAlgorithm(const ExperimentSpec& spec) {
  std::vector<SettingError> errors;
  if (!spec.algorithm) return {{"algorithm", "required: use one of " + Join(AlgorithmNames())}};
  const std::string& name = spec.algorithm->algorithm_name;
  const Algorithm* algorithm = Find(name);
  if (algorithm == nullptr) return {{"algorithm.algorithmName", UnknownAlgorithm(name)}};
  CheckSettings(*algorithm, *spec.algorithm, &errors);
  const Result<SearchSpace> space = SearchSpace::Create(spec.parameters);
  if (!space.ok()) return errors;
  if (name == "grid") CheckGrid(spec, *space, &errors);
  const std::size_t dimensions = space->parameters().size();
  if (name == "sobol" && (dimensions == 0 || dimensions > kSobolDimensionsMax)) {
    errors.push_back({"parameters", "sobol searches 1 to " + std::to_string(kSobolDimensionsMax) +
                                        " parameters, not " + std::to_string(dimensions)});
  }
  return errors;
}

}  // namespace lockstep
