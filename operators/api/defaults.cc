#include "operators/api/defaults.h"

#include <algorithm>
#include <type_traits>

#include "operators/codec/base64.h"
#include "operators/codec/text_field.h"

namespace lockstep {
namespace {

constexpr std::int32_t kParallelTrialCount = 3;
constexpr std::int64_t kGracePeriodSeconds = 30;
constexpr char kMetricsFile[] = "/var/log/katib/metrics.log";
constexpr char kEventFolder[] = "/var/log/katib/tfevent/";
constexpr char kPrometheusPath[] = "/metrics";
constexpr int kPrometheusPort = 8080;

std::string TrueCondition(std::string_view type) {
  return "status.conditions.#(type==\"" + std::string(type) + "\")#|#(status==\"True\")#";
}

// Of which pods of a kind's job the metrics count, as Katib has it.
enum class PrimaryPod : std::uint8_t { kAny, kMaster, kFirstNode };

struct KindDefaults {
  std::string_view api_group;  // empty: Katib looks at the name of the kind alone
  std::string_view kind;
  std::string_view success;
  PrimaryPod primary_pod = PrimaryPod::kAny;
};

constexpr KindDefaults kKindDefaults[] = {
    {"", "Job", "Complete"},
    {"", "TFJob", "Succeeded", PrimaryPod::kMaster},
    {"", "PyTorchJob", "Succeeded", PrimaryPod::kMaster},
    {"", "XGBoostJob", "Succeeded", PrimaryPod::kMaster},
    {"", "MPIJob", "Succeeded", PrimaryPod::kMaster},
    {"", "TrainJob", "Complete", PrimaryPod::kFirstNode},
    {"lockstep.dev", "TrainingJob", "Succeeded"},
};

const KindDefaults* FindDefaults(std::string_view api_version, std::string_view kind) {
  const std::string_view group = api_version.substr(0, api_version.find('/'));
  for (const KindDefaults& row : kKindDefaults) {
    if ((row.api_group.empty() || row.api_group == group) && row.kind == kind) return &row;
  }
  return nullptr;
}

Labels PrimaryPodLabels(PrimaryPod pod) {
  switch (pod) {
    case PrimaryPod::kAny: return {};
    case PrimaryPod::kMaster: return {{"training.kubeflow.org/job-role", "master"}};
    case PrimaryPod::kFirstNode:
      return {{"jobset.sigs.k8s.io/replicatedjob-name", "node"},
              {"batch.kubernetes.io/job-completion-index", "0"}};
  }
  return {};
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

void SetKindDefaults(TrialTemplate& trial_template) {
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
  const KindDefaults* const row = FindDefaults(api_version, kind);
  if (row != nullptr && trial_template.primary_pod_labels.empty()) {
    trial_template.primary_pod_labels = PrimaryPodLabels(row->primary_pod);
  }
}

void SetPath(MetricsSource& source, const char* path, const char* kind, const char* format) {
  if (!source.file_system_path) source.file_system_path.emplace();
  FileSystemPath& file = *source.file_system_path;
  if (file.kind.empty()) file.kind = kind;
  if (file.path.empty()) file.path = path;
  if (file.format.empty()) file.format = format;
}

void SetCollector(MetricsCollectorSpec& spec) {
  if (!spec.collector) spec.collector = CollectorSpec{"StdOut", {}};
  // Go's Container always has them.
  if (auto& custom = spec.collector->custom_collector; custom && custom->resources.is_null()) {
    custom->resources = Json::object();
  }
  const std::string& kind = spec.collector->kind;
  const bool reads_source =
      kind == "File" || kind == "TensorFlowEvent" || kind == "PrometheusMetric";
  if (reads_source && !spec.source) spec.source.emplace();
  if (kind == "File") SetPath(*spec.source, kMetricsFile, "File", "TEXT");
  if (kind == "TensorFlowEvent") SetPath(*spec.source, kEventFolder, "Directory", "");
  if (kind != "PrometheusMetric") return;
  if (!spec.source->http_get) spec.source->http_get.emplace();
  HttpGet& get = *spec.source->http_get;
  if (get.path.empty()) get.path = kPrometheusPath;
  if (get.port.is_null() || get.port == 0) get.port = kPrometheusPort;
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
  SetCollector(*spec.metrics_collector_spec);
  if (spec.objective) SetStrategies(*spec.objective);
  if (spec.trial_template) SetKindDefaults(*spec.trial_template);
}

void SetSpecDefaults(TrainingJobSpec& spec) {
  if (spec.success_policy.empty()) spec.success_policy = "AllRanks";
  if (!spec.grace_period_seconds) spec.grace_period_seconds = kGracePeriodSeconds;
}

void SetDataDefaults(Secret& secret) {
  for (const auto& [key, text] : secret.string_data) secret.data[key] = EncodeBase64(text);
  secret.string_data.clear();
  if (secret.type.empty()) secret.type = "Opaque";
}

void SetSpecDefaults(SuggestionSpec&) {}
void SetSpecDefaults(TrialSpec&) {}

}  // namespace

void SetDefaults(Object& object) {
  std::visit(
      [](auto& value) {
        if (value.meta.namespace_.empty()) value.meta.namespace_ = "default";
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, ClusterTrainingRuntime>) {
          value.meta.namespace_ = kClusterNamespace;
        }
        if constexpr (HasStatus<std::decay_t<decltype(value)>>) SetSpecDefaults(value.spec);
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Secret>) SetDataDefaults(value);
      },
      object);
}

std::string DefaultSuccessCondition(std::string_view api_version, std::string_view kind) {
  const KindDefaults* const row = FindDefaults(api_version, kind);
  return row == nullptr ? "" : TrueCondition(row->success);
}

std::string DefaultFailureCondition(std::string_view api_version, std::string_view kind) {
  return FindDefaults(api_version, kind) == nullptr ? "" : TrueCondition("Failed");
}

}  // namespace lockstep
