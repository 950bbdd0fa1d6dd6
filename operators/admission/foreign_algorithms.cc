// Katib's algorithms that this version does not have: a manifest that names one is checked as the
// algorithm's own service would check it, so that it can be trusted on a cluster. Katib asks that
// service only when the Experiment has been accepted, and then fails it. A setting that is wrong is
// an error; a space that does not suit the algorithm is a warning, as it is not run here.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "operators/admission/rules.h"
#include "operators/api/did_you_mean.h"

namespace lockstep {
namespace {

constexpr double kAny = std::numeric_limits<double>::infinity();

struct Setting {
  enum class Type : std::uint8_t { kInteger, kNumber, kChoice, kText };
  std::string_view name;
  Type type = Type::kText;
  double min = -kAny;
  double max = kAny;
  bool min_excluded = false;
  bool max_excluded = false;
  bool none_allowed = false;  // the word None, Python's
  std::vector<std::string_view> choices = {};
  bool required = false;
};

Setting Integer(std::string_view name, double min) {
  return {.name = name, .type = Setting::Type::kInteger, .min = min};
}
Setting Number(std::string_view name, double min, double max = kAny) {
  return {.name = name, .type = Setting::Type::kNumber, .min = min, .max = max};
}
Setting Positive(std::string_view name, double max = kAny) {
  Setting setting = Number(name, 0, max);
  setting.min_excluded = true;
  return setting;
}
Setting Choice(std::string_view name, std::vector<std::string_view> choices) {
  return {.name = name, .type = Setting::Type::kChoice, .choices = std::move(choices)};
}
Setting OrNone(Setting setting) {
  setting.none_allowed = true;
  return setting;
}
Setting Required(Setting setting) {
  setting.required = true;
  return setting;
}
Setting Fraction(std::string_view name) {  // strictly between 0 and 1
  Setting setting = Positive(name, 1);
  setting.max_excluded = true;
  return setting;
}

struct ForeignAlgorithm {
  std::string_view name;
  bool searches_architectures = false;
  std::vector<Setting> settings;
};

const std::vector<ForeignAlgorithm>& ForeignAlgorithms() {
  static const std::vector<ForeignAlgorithm> kTable = {
      {"tpe",
       false,
       {Fraction("gamma"), Positive("prior_weight"), Integer("n_EI_candidates", 1),
        Integer("random_state", 0)}},
      {"multivariate-tpe",
       false,
       {Integer("n_startup_trials", 0), Integer("n_ei_candidates", 0), Integer("random_state", 0)}},
      {"bayesianoptimization",
       false,
       {Choice("base_estimator", {"GP", "RF", "ET", "GBRT"}), Integer("n_initial_points", 0),
        Choice("acq_func", {"gp_hedge", "LCB", "EI", "PI", "EIps", "PIps"}),
        Choice("acq_optimizer", {"auto", "sampling", "lbfgs"}), Integer("random_state", 0)}},
      {"cmaes",
       false,
       {Integer("random_state", 0), Number("sigma", 0),
        Choice("restart_strategy", {"ipop", "bipop", "none"})}},
      {"hyperband",
       false,
       {Required({.name = "resource_name"}), Required(Positive("r_l")), Integer("eta", 2)}},
      {"pbt",
       false,
       {Required({.name = "suggestion_trial_dir"}), Required(Integer("n_population", 5)),
        Required(Number("truncation_threshold", 0, 1)), Number("resample_probability", 0, 1)}},
      {"enas",
       true,
       {Integer("controller_hidden_size", 1), OrNone(Positive("controller_temperature")),
        OrNone(Positive("controller_tanh_const")), OrNone(Positive("controller_entropy_weight")),
        Positive("controller_baseline_decay", 1), Positive("controller_learning_rate", 1),
        Positive("controller_skip_target", 1), OrNone(Positive("controller_skip_weight")),
        Integer("controller_train_steps", 1), Integer("controller_log_every_steps", 1)}},
      {"darts",
       true,
       {Integer("num_epochs", 1), Number("w_lr", 0), Number("w_lr_min", 0), Number("w_momentum", 0),
        Number("w_weight_decay", 0), Number("w_grad_clip", 0), Number("alpha_lr", 0),
        Number("alpha_weight_decay", 0), OrNone(Integer("batch_size", 1)),
        Integer("num_workers", 0), Integer("init_channels", 1), Integer("print_step", 1),
        Integer("num_nodes", 1), Integer("stem_multiplier", 1)}},
  };
  return kTable;
}

std::optional<double> ReadNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string Spell(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), number).ptr};
}

// "a whole number of at least 1", "a number above 0 and at most 1".
std::string Wanted(const Setting& setting) {
  std::string text =
      setting.type == Setting::Type::kInteger ? "a whole number" : std::string("a number");
  if (setting.min != -kAny) {
    text += (setting.min_excluded ? " above " : " of at least ") + Spell(setting.min);
  }
  if (setting.max != kAny) {
    text += (setting.max_excluded ? " and below " : " and at most ") + Spell(setting.max);
  }
  return text + (setting.none_allowed ? ", or None" : "");
}

bool Fits(const Setting& setting, const std::string& value) {
  if (setting.none_allowed && value == "None") return true;
  const std::optional<double> number = ReadNumber(value);
  if (!number) return false;
  if (setting.type == Setting::Type::kInteger &&
      (*number != std::floor(*number) || value.find_first_of(".eE") != std::string::npos)) {
    return false;
  }
  const bool low = setting.min_excluded ? *number <= setting.min : *number < setting.min;
  const bool high = setting.max_excluded ? *number >= setting.max : *number > setting.max;
  return !low && !high;
}

void CheckValue(const Setting& setting, const std::string& value, const std::string& path,
                FindingList& findings) {
  switch (setting.type) {
    case Setting::Type::kText: return;
    case Setting::Type::kChoice:
      CheckChoice(value, setting.name, setting.choices, path, findings);
      return;
    case Setting::Type::kInteger:
    case Setting::Type::kNumber:
      if (Fits(setting, value)) return;
      findings.Error(path, std::string(setting.name) + " must be " + Wanted(setting) + ", not \"" +
                               value + "\"");
  }
}

void CheckSettings(const ForeignAlgorithm& algorithm, const AlgorithmSpec& spec,
                   FindingList& findings) {
  const std::string list = "spec.algorithm.algorithmSettings";
  std::vector<std::string_view> names;
  for (const Setting& setting : algorithm.settings) names.push_back(setting.name);
  for (std::size_t i = 0; i < spec.algorithm_settings.size(); ++i) {
    const auto& [name, value] = spec.algorithm_settings[i];
    const std::string path = ElementPath(list, i);
    const auto setting = std::ranges::find(algorithm.settings, name, &Setting::name);
    if (setting == algorithm.settings.end()) {
      findings.Error(FieldPath(path, "name"), "unknown setting \"" + name + "\" for algorithm " +
                                                  std::string(algorithm.name) +
                                                  DidYouMean(name, names));
    } else {
      CheckValue(*setting, value, FieldPath(path, "value"), findings);
    }
    const auto first = std::ranges::find(spec.algorithm_settings, name, &AlgorithmSetting::name);
    if (first - spec.algorithm_settings.begin() != static_cast<std::ptrdiff_t>(i)) {
      findings.Error(FieldPath(path, "name"), "setting " + name + " is there twice: remove one");
    }
  }
  for (const Setting& setting : algorithm.settings) {
    const auto given =
        std::ranges::find(spec.algorithm_settings, setting.name, &AlgorithmSetting::name);
    if (!setting.required || given != spec.algorithm_settings.end()) continue;
    findings.Warning(list, "has no " + std::string(setting.name) +
                               ": the search ends at once where " + std::string(algorithm.name) +
                               " is run");
  }
}

const std::string* ValueOf(const AlgorithmSpec& spec, std::string_view name) {
  const auto setting = std::ranges::find(spec.algorithm_settings, name, &AlgorithmSetting::name);
  return setting == spec.algorithm_settings.end() ? nullptr : &setting->value;
}

// The first bracket starts all its trials at once.
void CheckHyperband(const ExperimentSpec& spec, FindingList& findings) {
  if (const std::string* const name = ValueOf(*spec.algorithm, "resource_name")) {
    const auto named = [&](const ParameterSpec& p) { return p.name == *name; };
    if (!std::ranges::any_of(spec.parameters, named)) {
      findings.Warning("spec.algorithm.algorithmSettings",
                       "resource_name is \"" + *name + "\", which is none of spec.parameters");
    }
  }
  const std::string* const most = ValueOf(*spec.algorithm, "r_l");
  const std::string* const cut = ValueOf(*spec.algorithm, "eta");
  const auto resource = most == nullptr ? std::nullopt : ReadNumber(*most);
  const auto eta = cut == nullptr ? std::optional<double>(3) : ReadNumber(*cut);
  if (!resource || !eta || *resource <= 0 || *eta <= 1 || !spec.parallel_trial_count) return;
  const double rungs = std::trunc(std::log(*resource) / std::log(*eta));  // as Katib rounds it
  const double width = std::ceil(std::pow(*eta, rungs));
  if (*spec.parallel_trial_count >= width) return;
  findings.Warning("spec.parallelTrialCount", std::to_string(*spec.parallel_trial_count) +
                                                  " is too few for hyperband, whose "
                                                  "first bracket of r_l " +
                                                  *most + " runs " + Spell(width) +
                                                  " trials at once");
}

void CheckSpace(const ForeignAlgorithm& algorithm, const ExperimentSpec& spec,
                FindingList& findings) {
  if (algorithm.searches_architectures != spec.nas_config.has_value()) {
    findings.Warning(
        algorithm.searches_architectures ? "spec.nasConfig" : "spec.algorithm.algorithmName",
        std::string(algorithm.name) +
            (algorithm.searches_architectures
                 ? " searches architectures: say which by nasConfig"
                 : " searches over parameters, not over nasConfig: use enas or darts"));
    return;
  }
  const auto numeric = [](const ParameterSpec& parameter) {
    return parameter.parameter_type == "double" || parameter.parameter_type == "int";
  };
  if (algorithm.name == "cmaes" && std::ranges::count_if(spec.parameters, numeric) < 2) {
    findings.Warning("spec.parameters", "cmaes needs at least two of type double or int");
  }
  if (algorithm.name == "hyperband") CheckHyperband(spec, findings);
  for (std::size_t i = 0; algorithm.name == "pbt" && i < spec.parameters.size(); ++i) {
    const auto& space = spec.parameters[i].feasible_space;
    if (!numeric(spec.parameters[i]) || !space || !space->step.empty()) continue;
    findings.Warning(ElementPath("spec.parameters", i) + ".feasibleSpace.step",
                     "is missing: pbt changes numbers by steps");
  }
}

}  // namespace

bool CheckForeignAlgorithm(const ExperimentSpec& spec, FindingList& findings) {
  const auto algorithm = std::ranges::find(ForeignAlgorithms(), spec.algorithm->algorithm_name,
                                           &ForeignAlgorithm::name);
  if (algorithm == ForeignAlgorithms().end()) return false;
  CheckSettings(*algorithm, *spec.algorithm, findings);
  CheckSpace(*algorithm, spec, findings);
  return true;
}

}  // namespace lockstep
