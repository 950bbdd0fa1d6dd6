#include <algorithm>
#include <set>

#include "operators/admission/rules.h"
#include "operators/api/did_you_mean.h"

namespace lockstep {
namespace {

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsLabelName(std::string_view name, bool with_dots = false) {
  if (name.empty() || !(name[0] >= 'a' && name[0] <= 'z') || !IsLowerAlnum(name.back())) {
    return false;
  }
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool dot =
        with_dots && name[i] == '.' && IsLowerAlnum(name[i - 1]) && IsLowerAlnum(name[i + 1]);
    if (!IsLowerAlnum(name[i]) && name[i] != '-' && !dot) return false;
  }
  return true;
}

}  // namespace

void CheckChoice(const std::string& typed, std::string_view what,
                 const std::vector<std::string_view>& allowed, std::string path,
                 FindingList& findings) {
  if (std::find(allowed.begin(), allowed.end(), typed) != allowed.end()) return;
  std::string choices;
  for (const std::string_view choice : allowed) {
    choices += (choices.empty() ? "" : ", ") + std::string(choice);
  }
  findings.Error(std::move(path), "\"" + typed + "\" is not a known " + std::string(what) +
                                      DidYouMean(typed, allowed) + ": use " + choices);
}

void CheckName(const ObjectMeta& meta, std::size_t bytes_max, FindingList& findings) {
  if (meta.name.empty()) {
    findings.Error("metadata.name",
                   meta.generate_name.empty()
                       ? "is missing"
                       : "is missing: names are not generated from generateName; write one");
  } else if (meta.name.size() > bytes_max) {
    findings.Error("metadata.name", "has " + std::to_string(meta.name.size()) +
                                        " characters: at most " + std::to_string(bytes_max) +
                                        ", so that names made from it fit");
  } else if (!IsLabelName(meta.name, /*with_dots=*/true)) {
    findings.Error("metadata.name",
                   "\"" + meta.name +
                       "\" is no name for an object: lower-case letters, digits "
                       "and -, beginning with a letter and ending with a letter or digit");
  } else if (meta.name.find('.') != std::string::npos) {
    findings.Warning("metadata.name", "\"" + meta.name +
                                          "\" runs on this machine alone: on a cluster a Service "
                                          "is named after it, which takes no dots");
  }
  CheckNamespace(meta, findings);
}

void CheckNamespace(const ObjectMeta& meta, FindingList& findings) {
  constexpr std::size_t kNamespaceBytesMax = 63;
  if (!IsLabelName(meta.namespace_) || meta.namespace_.size() > kNamespaceBytesMax) {
    findings.Error("metadata.namespace", "\"" + meta.namespace_ + "\" is no name of a namespace");
  }
}

void CheckObjective(const ExperimentSpec& spec, FindingList& findings) {
  if (!spec.objective) {
    findings.Error("spec.objective", "is missing: what is to be optimized?");
    return;
  }
  const ObjectiveSpec& objective = *spec.objective;
  CheckChoice(objective.type, "objective type", {"minimize", "maximize"}, "spec.objective.type",
              findings);
  if (objective.objective_metric_name.empty()) {
    findings.Error("spec.objective.objectiveMetricName", "is missing");
  }
  std::set<std::string> metrics = {objective.objective_metric_name};
  for (std::size_t i = 0; i < objective.additional_metric_names.size(); ++i) {
    const std::string& name = objective.additional_metric_names[i];
    const std::string path = ElementPath("spec.objective.additionalMetricNames", i);
    if (name == objective.objective_metric_name) {
      findings.Error(path, "\"" + name + "\" is the objective already");
    }
    if (name.empty()) findings.Error(path, "is empty");
    metrics.insert(name);
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < objective.metric_strategies.size(); ++i) {
    const MetricStrategy& strategy = objective.metric_strategies[i];
    const std::string path = ElementPath("spec.objective.metricStrategies", i);
    CheckChoice(strategy.value, "metric strategy", {"min", "max", "latest"},
                FieldPath(path, "value"), findings);
    if (!metrics.contains(strategy.name)) {
      findings.Warning(FieldPath(path, "name"),
                       "\"" + strategy.name +
                           "\" is neither the objective nor an additional metric: the strategy has "
                           "no effect");
    }
    if (!seen.insert(strategy.name).second) {
      findings.Error(FieldPath(path, "name"), "\"" + strategy.name + "\" has a strategy already");
    }
  }
}

void CheckCounts(const ExperimentSpec& spec, FindingList& findings) {
  const auto& parallel = spec.parallel_trial_count;
  const auto& trials = spec.max_trial_count;
  const auto& failed = spec.max_failed_trial_count;
  if (parallel && *parallel < 1) findings.Error("spec.parallelTrialCount", "must be at least 1");
  if (trials && *trials < 1) findings.Error("spec.maxTrialCount", "must be at least 1");
  if (failed && *failed < 0) findings.Error("spec.maxFailedTrialCount", "must not be negative");
  if (trials && failed && *failed > *trials) {
    findings.Error(
        "spec.maxFailedTrialCount",
        std::to_string(*failed) + " is more than maxTrialCount, " + std::to_string(*trials));
  }
  if (trials && parallel && *parallel > *trials) {
    findings.Error("spec.parallelTrialCount",
                   std::to_string(*parallel) + " (3 when left out) is more than maxTrialCount, " +
                       std::to_string(*trials) + ": set it to at most that");
  }
  const std::string& policy = spec.resume_policy;
  CheckChoice(policy, "resume policy", {"Never", "LongRunning", "FromVolume"}, "spec.resumePolicy",
              findings);
}

}  // namespace lockstep
