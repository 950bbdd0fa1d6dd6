#include "operators/api/defaults.h"

#include <algorithm>
#include <type_traits>

#include "operators/codec/text_field.h"

namespace lockstep {
namespace {

constexpr std::int32_t kParallelTrialCount = 3;
constexpr std::int64_t kGracePeriodSeconds = 30;

std::string TrueCondition(std::string_view type) {
  return "status.conditions.#(type==\"" + std::string(type) + "\")#|#(status==\"True\")#";
}

struct KindConditions {
  std::string_view api_group;
  std::string_view kind;
  std::string_view success;
};

constexpr KindConditions kKindConditions[] = {
    {"batch", "Job", "Complete"},
    {"kubeflow.org", "TFJob", "Succeeded"},
    {"kubeflow.org", "PyTorchJob", "Succeeded"},
    {"kubeflow.org", "XGBoostJob", "Succeeded"},
    {"kubeflow.org", "MPIJob", "Succeeded"},
    {"trainer.kubeflow.org", "TrainJob", "Complete"},
    {"lockstep.dev", "TrainingJob", "Succeeded"},
};

const KindConditions* FindConditions(std::string_view api_version, std::string_view kind) {
  const std::string_view group = api_version.substr(0, api_version.find('/'));
  for (const KindConditions& row : kKindConditions) {
    if (row.api_group == group && row.kind == kind) return &row;
  }
  return nullptr;
}

void SetStrategies(ObjectiveSpec& objective) {
  if (objective.type != "minimize" && objective.type != "maximize") return;
  const auto add = [&](const std::string& metric) {
    auto& strategies = objective.metric_strategies;
    const bool given = std::any_of(strategies.begin(), strategies.end(),
                                   [&](const MetricStrategy& s) { return s.name == metric; });
    if (!given) strategies.push_back({metric, objective.type == "minimize" ? "min" : "max"});
  };
  add(objective.objective_metric_name);
  for (const std::string& metric : objective.additional_metric_names) add(metric);
}

void SetConditions(TrialTemplate& trial_template) {
  const Json& job = trial_template.trial_spec;
  if (!job.is_object()) return;
  const std::string api_version = TextField(job, "apiVersion");
  const std::string kind = TextField(job, "kind");
  if (trial_template.success_condition.empty()) {
    trial_template.success_condition = DefaultSuccessCondition(api_version, kind);
  }
  if (trial_template.failure_condition.empty()) {
    trial_template.failure_condition = DefaultFailureCondition(api_version, kind);
  }
}

void SetSpecDefaults(ExperimentSpec& spec) {
  if (!spec.parallel_trial_count) spec.parallel_trial_count = kParallelTrialCount;
  if (spec.resume_policy.empty()) spec.resume_policy = "Never";
  for (ParameterSpec& parameter : spec.parameters) {
    if (!parameter.feasible_space) parameter.feasible_space.emplace();
    if (parameter.feasible_space->distribution.empty()) {
      parameter.feasible_space->distribution = "uniform";
    }
  }
  if (!spec.metrics_collector_spec) spec.metrics_collector_spec.emplace();
  if (!spec.metrics_collector_spec->collector) {
    spec.metrics_collector_spec->collector = CollectorSpec{"StdOut", nullptr};
  }
  if (spec.objective) SetStrategies(*spec.objective);
  if (spec.trial_template) SetConditions(*spec.trial_template);
}

void SetSpecDefaults(TrainingJobSpec& spec) {
  if (spec.success_policy.empty()) spec.success_policy = "AllRanks";
  if (!spec.grace_period_seconds) spec.grace_period_seconds = kGracePeriodSeconds;
}

void SetSpecDefaults(SuggestionSpec&) {}
void SetSpecDefaults(TrialSpec&) {}

}  // namespace

void SetDefaults(Object& object) {
  std::visit(
      [](auto& value) {
        if (value.meta.namespace_.empty()) value.meta.namespace_ = "default";
        if constexpr (HasStatus<std::decay_t<decltype(value)>>) SetSpecDefaults(value.spec);
      },
      object);
}

std::string DefaultSuccessCondition(std::string_view api_version, std::string_view kind) {
  const KindConditions* const row = FindConditions(api_version, kind);
  return row == nullptr ? "" : TrueCondition(row->success);
}

std::string DefaultFailureCondition(std::string_view api_version, std::string_view kind) {
  return FindConditions(api_version, kind) == nullptr ? "" : TrueCondition("Failed");
}

}  // namespace lockstep
