#include "operators/suggest/median_stop.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <numeric>

#include "operators/api/did_you_mean.h"

namespace lockstep {
namespace {

constexpr std::string_view kName = "medianstop";

struct Setting {
  std::string_view name;
  std::int32_t preset;
  std::string_view too_small;
};
constexpr Setting kMinTrials = {"min_trials_required", 3,
                                "min_trials_required must be greater than zero (>0)"};
constexpr Setting kStartStep = {"start_step", 4,
                                "start_step must be greater or equal than one (>=1)"};

std::optional<std::int32_t> ParseWhole(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::int32_t ValueOf(const AlgorithmSpec& spec, const Setting& setting) {
  const auto found =
      std::ranges::find(spec.algorithm_settings, setting.name, &AlgorithmSetting::name);
  if (found == spec.algorithm_settings.end()) return setting.preset;
  return ParseWhole(found->value).value_or(setting.preset);
}

double Average(const std::vector<double>& reports, std::size_t first_max) {
  const std::size_t count = std::min(reports.size(), first_max);
  const auto end = reports.begin() + static_cast<std::ptrdiff_t>(count);
  return std::accumulate(reports.begin(), end, 0.0) / static_cast<double>(count);
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::string ShortestText(double value) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace

std::vector<SettingError> CheckEarlyStopping(const AlgorithmSpec& early_stopping) {
  const std::string root = "earlyStopping.";
  const std::string& name = early_stopping.algorithm_name;
  if (name != kName) {
    const std::string what = name.empty() ? "is missing" : "unknown algorithm name " + name;
    return {{root + "algorithmName", what + DidYouMean(name, {kName}) + ": use medianstop"}};
  }
  std::vector<SettingError> errors;
  const auto& settings = early_stopping.algorithm_settings;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const std::string path = root + "algorithmSettings[" + std::to_string(i) + "]";
    const std::string& typed = settings[i].name;
    if (typed != kMinTrials.name && typed != kStartStep.name) {
      errors.push_back({path + ".name", "unknown setting " + typed + " for algorithm medianstop" +
                                            DidYouMean(typed, {kMinTrials.name, kStartStep.name}) +
                                            ": it has min_trials_required and start_step"});
      continue;
    }
    const auto value = ParseWhole(settings[i].value);
    const Setting& setting = typed == kMinTrials.name ? kMinTrials : kStartStep;
    if (!value) {
      errors.push_back(
          {path + ".value", typed + " is \"" + settings[i].value + "\": write a whole number"});
    } else if (*value < 1) {
      errors.push_back({path + ".value", std::string(setting.too_small)});
    }
    if (std::ranges::find(settings, typed, &AlgorithmSetting::name) !=
        settings.begin() + static_cast<std::ptrdiff_t>(i)) {
      errors.push_back({path + ".name", "setting " + typed + " is there twice: remove one"});
    }
  }
  return errors;
}

std::size_t MedianStopReports(const AlgorithmSpec& early_stopping) {
  return static_cast<std::size_t>(ValueOf(early_stopping, kStartStep));
}

std::optional<EarlyStoppingRule> MedianStopRule(const AlgorithmSpec& early_stopping,
                                                const ObjectiveSpec& objective,
                                                const std::vector<std::vector<double>>& succeeded,
                                                MedianStopForm form) {
  const std::int32_t start_step = ValueOf(early_stopping, kStartStep);
  std::vector<double> averages;
  for (const std::vector<double>& reports : succeeded) {
    if (!reports.empty())
      averages.push_back(Average(reports, static_cast<std::size_t>(start_step)));
  }
  if (averages.size() < static_cast<std::size_t>(ValueOf(early_stopping, kMinTrials))) {
    return std::nullopt;
  }
  const double limit = form == MedianStopForm::kKatibMean ? Average(averages, averages.size())
                                                          : Median(std::move(averages));
  return EarlyStoppingRule{.name = objective.objective_metric_name,
                           .value = ShortestText(limit),
                           .comparison = objective.type == "maximize" ? "less" : "greater",
                           .start_step = start_step};
}

}  // namespace lockstep
