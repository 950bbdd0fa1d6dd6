// Experiment: Katib's kubeflow.org/v1beta1 search over the parameters of a training job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/meta.h"
#include "operators/api/training_job.h"
#include "operators/codec/json.h"

namespace lockstep {

struct FeasibleSpace {
  std::string max;
  std::string min;
  std::vector<std::string> list;
  std::string step;
  std::string distribution;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("max", self.max, "Largest value (double and int parameters).");
    v.Field("min", self.min, "Smallest value (double and int parameters).");
    v.Field("list", self.list, "All values (discrete and categorical parameters).");
    v.Field("step", self.step, "Distance between values; required for doubles under grid search.");
    v.Field("distribution", self.distribution,
            "uniform (default), logUniform, normal or logNormal.");
  }
  friend bool operator==(const FeasibleSpace&, const FeasibleSpace&) = default;
};

struct ParameterSpec {
  std::string name;
  std::string parameter_type;
  std::optional<FeasibleSpace> feasible_space;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the parameter.");
    v.Field("parameterType", self.parameter_type, "double, int, discrete or categorical.");
    v.Field("feasibleSpace", self.feasible_space, "The values the parameter may take.");
  }
  friend bool operator==(const ParameterSpec&, const ParameterSpec&) = default;
};

struct MetricStrategy {
  std::string name;
  std::string value;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of a metric.");
    v.Field("value", self.value, "Which of a trial's reports counts: min, max or latest.");
  }
  friend bool operator==(const MetricStrategy&, const MetricStrategy&) = default;
};

struct ObjectiveSpec {
  std::string type;
  std::optional<double> goal;
  std::string objective_metric_name;
  std::vector<std::string> additional_metric_names;
  std::vector<MetricStrategy> metric_strategies;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("type", self.type, "minimize or maximize.");
    v.Field("goal", self.goal, "The Experiment ends when the objective is this good.");
    v.Field("objectiveMetricName", self.objective_metric_name, "Name of the metric to optimize.");
    v.Field("additionalMetricNames", self.additional_metric_names, "Other metrics to collect.");
    v.Field(
        "metricStrategies", self.metric_strategies,
        "Which report of each metric counts; default min when minimizing, max when maximizing.");
  }
  friend bool operator==(const ObjectiveSpec&, const ObjectiveSpec&) = default;
};

struct AlgorithmSetting {
  std::string name;
  std::string value;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the setting.");
    v.Field("value", self.value, "Value of the setting.");
  }
  friend bool operator==(const AlgorithmSetting&, const AlgorithmSetting&) = default;
};

// Also the type of spec.earlyStopping.
struct AlgorithmSpec {
  std::string algorithm_name;
  std::vector<AlgorithmSetting> algorithm_settings;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("algorithmName", self.algorithm_name, "Name of the algorithm.");
    v.Field("algorithmSettings", self.algorithm_settings, "Settings of the algorithm.");
  }
  friend bool operator==(const AlgorithmSpec&, const AlgorithmSpec&) = default;
};

struct ConfigMapSource {
  std::string config_map_name;
  std::string config_map_namespace;
  std::string template_path;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("configMapName", self.config_map_name, "Name of the ConfigMap.");
    v.Field("configMapNamespace", self.config_map_namespace, "Namespace of the ConfigMap.");
    v.Field("templatePath", self.template_path, "Key of the template in the ConfigMap.");
  }
  friend bool operator==(const ConfigMapSource&, const ConfigMapSource&) = default;
};

struct TrialParameterSpec {
  std::string name;
  std::string description;
  std::string reference;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name used in the template: ${trialParameters.NAME}.");
    v.Field("description", self.description, "For people.");
    v.Field("reference", self.reference, "Name of a parameter, or ${trialSpec.Name} and the like.");
  }
  friend bool operator==(const TrialParameterSpec&, const TrialParameterSpec&) = default;
};

struct TrialTemplate {
  bool retain = false;
  Json trial_spec;  // null: not given
  std::optional<ConfigMapSource> config_map;
  std::vector<TrialParameterSpec> trial_parameters;
  Labels primary_pod_labels;
  std::string primary_container_name;
  std::string success_condition;
  std::string failure_condition;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("retain", self.retain, "Keep the job when the trial has ended.");
    v.Field(
        "trialSpec", self.trial_spec,
        "The manifest of a trial's job, with ${trialParameters.NAME} where values go and without "
        "name and namespace. Its fields are those of its own kind: batch/v1 Job, or see "
        "`lockstep explain trainingjob.spec`.");
    v.Field("configMap", self.config_map,
            "Where the text of such a manifest is, instead of trialSpec: see `lockstep explain "
            "configmap`. It is read anew for each trial.");
    v.Field("trialParameters", self.trial_parameters, "The placeholders of the template.");
    v.Field("primaryPodLabels", self.primary_pod_labels, "Which pods report metrics.");
    v.Field("primaryContainerName", self.primary_container_name,
            "Which container reports metrics.");
    v.Field("successCondition", self.success_condition,
            "GJSON path that is there when the job has succeeded.");
    v.Field("failureCondition", self.failure_condition,
            "GJSON path that is there when the job has failed.");
  }
  friend bool operator==(const TrialTemplate&, const TrialTemplate&) = default;
};

struct FileSystemPath {
  std::string path;
  std::string kind;
  std::string format;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("path", self.path, "Absolute path the program writes metrics to.");
    v.Field("kind", self.kind, "File or Directory.");
    v.Field("format", self.format, "TEXT or JSON.");
  }
  friend bool operator==(const FileSystemPath&, const FileSystemPath&) = default;
};

struct MetricsFilter {
  std::vector<std::string> metrics_format;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metricsFormat", self.metrics_format,
            "RE2 expressions whose first two groups are a metric's name and value.");
  }
  friend bool operator==(const MetricsFilter&, const MetricsFilter&) = default;
};

// Kubernetes' HTTPGetAction.
struct HttpGet {
  std::string path;
  Json port;  // a number, or one as text; null: not given
  std::string host;
  std::string scheme;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("path", self.path, "Path of the metrics; default /metrics.");
    v.Field("port", self.port, "Port of rank 0's server; default 8080.");
    v.Field("host", self.host, "Left out: metrics are those of rank 0, at 127.0.0.1.");
    v.Field("scheme", self.scheme, "HTTP (default).");
    v.Refused("metrics are fetched without", {"httpHeaders"});
  }
  friend bool operator==(const HttpGet&, const HttpGet&) = default;
};

struct MetricsSource {
  std::optional<HttpGet> http_get;
  std::optional<FileSystemPath> file_system_path;
  std::optional<MetricsFilter> filter;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("httpGet", self.http_get, "Where to fetch metrics from.");
    v.Field("fileSystemPath", self.file_system_path, "Where the program writes metrics.");
    v.Field("filter", self.filter, "How metrics are found in text.");
  }
  friend bool operator==(const MetricsSource&, const MetricsSource&) = default;
};

struct CollectorSpec {
  std::string kind;
  std::optional<Container> custom_collector;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("kind", self.kind,
            "StdOut (default), File, TensorFlowEvent, PrometheusMetric, Custom or Push.");
    v.Field("customCollector", self.custom_collector, "A container that collects metrics.");
  }
  friend bool operator==(const CollectorSpec&, const CollectorSpec&) = default;
};

struct MetricsCollectorSpec {
  std::optional<CollectorSpec> collector;
  std::optional<MetricsSource> source;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("collector", self.collector, "What collects metrics.");
    v.Field("source", self.source, "Where metrics come from.");
  }
  friend bool operator==(const MetricsCollectorSpec&, const MetricsCollectorSpec&) = default;
};

struct GraphConfig {
  std::optional<std::int64_t> num_layers;
  std::vector<std::int64_t> input_sizes;
  std::vector<std::int64_t> output_sizes;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("numLayers", self.num_layers, "Layers of the network.");
    v.Field("inputSizes", self.input_sizes, "Dimensions of the input.");
    v.Field("outputSizes", self.output_sizes, "Dimensions of the output.");
  }
  friend bool operator==(const GraphConfig&, const GraphConfig&) = default;
};

struct NasOperation {
  std::string operation_type;
  std::vector<ParameterSpec> parameters;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("operationType", self.operation_type, "Type of the operation.");
    v.Field("parameters", self.parameters, "Parameters of the operation.");
  }
  friend bool operator==(const NasOperation&, const NasOperation&) = default;
};

struct NasConfig {
  std::optional<GraphConfig> graph_config;
  std::vector<NasOperation> operations;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("graphConfig", self.graph_config, "Shape of the network.");
    v.Field("operations", self.operations, "Operations the network is made of.");
  }
  friend bool operator==(const NasConfig&, const NasConfig&) = default;
};

struct ExperimentSpec {
  std::vector<ParameterSpec> parameters;
  std::optional<ObjectiveSpec> objective;
  std::optional<AlgorithmSpec> algorithm;
  std::optional<AlgorithmSpec> early_stopping;
  std::optional<TrialTemplate> trial_template;
  std::optional<std::int32_t> parallel_trial_count;
  std::optional<std::int32_t> max_trial_count;
  std::optional<std::int32_t> max_failed_trial_count;
  std::optional<MetricsCollectorSpec> metrics_collector_spec;
  std::optional<NasConfig> nas_config;
  std::string resume_policy;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("parameters", self.parameters, "The search space.");
    v.Field("objective", self.objective, "What to optimize.");
    v.Field("algorithm", self.algorithm, "How to search.");
    v.Field("earlyStopping", self.early_stopping, "How to end hopeless trials early.");
    v.Field("trialTemplate", self.trial_template, "The job of a trial.");
    v.Field("parallelTrialCount", self.parallel_trial_count,
            "Trials that run at a time; default 3.");
    v.Field("maxTrialCount", self.max_trial_count, "Trials in all; unlimited when left out.");
    v.Field("maxFailedTrialCount", self.max_failed_trial_count,
            "Failed trials after which the Experiment fails; unlimited when left out.");
    v.Field("metricsCollectorSpec", self.metrics_collector_spec, "How metrics are collected.");
    v.Field("nasConfig", self.nas_config, "Search space of neural architecture search.");
    v.Field("resumePolicy", self.resume_policy, "Never (default), LongRunning or FromVolume.");
  }
  friend bool operator==(const ExperimentSpec&, const ExperimentSpec&) = default;
};

struct ParameterAssignment {
  std::string name;
  std::string value;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the parameter.");
    v.Field("value", self.value, "Value of the parameter.");
  }
  friend bool operator==(const ParameterAssignment&, const ParameterAssignment&) = default;
};

struct EarlyStoppingRule {
  std::string name;
  std::string value;
  std::string comparison;
  std::int32_t start_step = 0;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of a metric.");
    v.Field("value", self.value, "Value to compare with.");
    v.Field("comparison", self.comparison, "equal, less or greater.");
    v.Field("startStep", self.start_step, "Reports before the rule applies.");
  }
  friend bool operator==(const EarlyStoppingRule&, const EarlyStoppingRule&) = default;
};

// Values are text as the program printed them; "unavailable" where there is no usable value.
struct Metric {
  std::string name;
  std::string min;
  std::string max;
  std::string latest;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the metric.");
    v.Field("min", self.min, "Smallest reported value.");
    v.Field("max", self.max, "Largest reported value.");
    v.Field("latest", self.latest, "Value reported last.");
  }
  friend bool operator==(const Metric&, const Metric&) = default;
};

struct Observation {
  std::vector<Metric> metrics;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metrics", self.metrics, "One entry for each metric that was reported.");
  }
  friend bool operator==(const Observation&, const Observation&) = default;
};

struct OptimalTrial {
  std::string best_trial_name;
  std::vector<ParameterAssignment> parameter_assignments;
  Observation observation;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("bestTrialName", self.best_trial_name, "Name of the best trial so far.");
    v.Field("parameterAssignments", self.parameter_assignments, "Its parameters.");
    v.Field("observation", self.observation, "Its metrics.");
  }
  friend bool operator==(const OptimalTrial&, const OptimalTrial&) = default;
};

struct ExperimentStatus {
  std::string start_time;
  std::string completion_time;
  std::vector<Condition> conditions;
  std::optional<OptimalTrial> current_optimal_trial;
  std::vector<std::string> running_trial_list;
  std::vector<std::string> pending_trial_list;
  std::vector<std::string> failed_trial_list;
  std::vector<std::string> succeeded_trial_list;
  std::vector<std::string> killed_trial_list;
  std::vector<std::string> early_stopped_trial_list;
  std::vector<std::string> metrics_unavailable_trial_list;
  std::int32_t trials = 0;
  std::int32_t trials_pending = 0;
  std::int32_t trials_running = 0;
  std::int32_t trials_succeeded = 0;
  std::int32_t trials_failed = 0;
  std::int32_t trials_killed = 0;
  std::int32_t trials_early_stopped = 0;
  std::int32_t trial_metrics_unavailable = 0;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("startTime", self.start_time, "When the Experiment started.");
    v.Field("completionTime", self.completion_time, "When the Experiment ended.");
    v.Field("conditions", self.conditions, "Created, Running, Restarting, Succeeded, Failed.");
    v.Field("currentOptimalTrial", self.current_optimal_trial, "The best trial so far.");
    v.Field("runningTrialList", self.running_trial_list, "Names of running trials.");
    v.Field("pendingTrialList", self.pending_trial_list, "Names of pending trials.");
    v.Field("failedTrialList", self.failed_trial_list, "Names of failed trials.");
    v.Field("succeededTrialList", self.succeeded_trial_list, "Names of succeeded trials.");
    v.Field("killedTrialList", self.killed_trial_list, "Names of killed trials.");
    v.Field("earlyStoppedTrialList", self.early_stopped_trial_list,
            "Names of early-stopped trials.");
    v.Field("metricsUnavailableTrialList", self.metrics_unavailable_trial_list,
            "Names of trials that succeeded without the objective.");
    v.Field("trials", self.trials, "Trials in all.");
    v.Field("trialsPending", self.trials_pending, "Pending trials.");
    v.Field("trialsRunning", self.trials_running, "Running trials.");
    v.Field("trialsSucceeded", self.trials_succeeded, "Succeeded trials.");
    v.Field("trialsFailed", self.trials_failed, "Failed trials.");
    v.Field("trialsKilled", self.trials_killed, "Killed trials.");
    v.Field("trialsEarlyStopped", self.trials_early_stopped, "Early-stopped trials.");
    v.Field("trialMetricsUnavailable", self.trial_metrics_unavailable,
            "Trials that succeeded without the objective.");
    v.Dropped({"lastReconcileTime"});  // Katib never sets it
  }
  friend bool operator==(const ExperimentStatus&, const ExperimentStatus&) = default;
};

struct Experiment {
  static constexpr char kKind[] = "Experiment";
  static constexpr char kApiVersion[] = "kubeflow.org/v1beta1";
  static constexpr char kPlural[] = "experiments";
  static constexpr char kDescription[] = "A search over the parameters of a training job.";

  ObjectMeta meta;
  ExperimentSpec spec;
  ExperimentStatus status;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, namespace, labels.");
    v.Field("spec", self.spec, "What is wanted.");
    v.Field("status", self.status, "What is. Written by the operator.");
  }
  friend bool operator==(const Experiment&, const Experiment&) = default;
};

}  // namespace lockstep
