// Trial: one point of an Experiment's search, its job and what the job measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/experiment.h"

namespace lockstep {

struct TrialSpec {
  std::optional<ObjectiveSpec> objective;
  std::vector<ParameterAssignment> parameter_assignments;
  std::vector<EarlyStoppingRule> early_stopping_rules;
  Json run_spec;
  bool retain_run = false;
  std::optional<MetricsCollectorSpec> metrics_collector;
  Labels primary_pod_labels;
  std::string primary_container_name;
  std::string success_condition;
  std::string failure_condition;
  Labels labels;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("objective", self.objective, "What to optimize.");
    v.Field("parameterAssignments", self.parameter_assignments, "The parameters.");
    v.Field("earlyStoppingRules", self.early_stopping_rules, "When to end the trial early.");
    v.Field("runSpec", self.run_spec, "The job, without placeholders.");
    v.Field("retainRun", self.retain_run, "Keep the job when the trial has ended.");
    v.Field("metricsCollector", self.metrics_collector, "How metrics are collected.");
    v.Field("primaryPodLabels", self.primary_pod_labels, "Which pods report metrics.");
    v.Field("primaryContainerName", self.primary_container_name,
            "Which container reports metrics.");
    v.Field("successCondition", self.success_condition,
            "GJSON path that is there when the job has succeeded.");
    v.Field("failureCondition", self.failure_condition,
            "GJSON path that is there when the job has failed.");
    v.Field("labels", self.labels, "Labels the search algorithm set.");
  }
  friend bool operator==(const TrialSpec&, const TrialSpec&) = default;
};

// A point of the objective's curve as it was reported.
struct CurvePoint {
  std::int64_t step = 0;
  std::string value;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("step", self.step,
            "Epoch or step as printed beside the value; else the number of the report.");
    v.Field("value", self.value, "The objective.");
  }
  friend bool operator==(const CurvePoint&, const CurvePoint&) = default;
};

struct TrialStatus {
  std::string start_time;
  std::string completion_time;
  std::vector<Condition> conditions;
  Observation observation;        // also while the trial runs
  std::vector<CurvePoint> curve;  // at most 200 points, thinned evenly

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("startTime", self.start_time, "When the trial started.");
    v.Field("completionTime", self.completion_time, "When the trial ended.");
    v.Field("conditions", self.conditions,
            "Created, Running, Succeeded, MetricsUnavailable, Failed, EarlyStopped, Killed.");
    v.Field("observation", self.observation, "Metrics reported so far.");
    v.Field("curve", self.curve, "The objective over time.");
    v.Dropped({"lastReconcileTime"});
  }
  friend bool operator==(const TrialStatus&, const TrialStatus&) = default;
};

struct Trial {
  static constexpr char kKind[] = "Trial";
  static constexpr char kApiVersion[] = "kubeflow.org/v1beta1";
  static constexpr char kPlural[] = "trials";
  static constexpr char kDescription[] =
      "One point of an Experiment's search, its job and what the job measured. Written by the "
      "operator.";

  ObjectMeta meta;
  TrialSpec spec;
  TrialStatus status;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, namespace, labels.");
    v.Field("spec", self.spec, "What is wanted.");
    v.Field("status", self.status, "What is. Written by the operator.");
  }
  friend bool operator==(const Trial&, const Trial&) = default;
};

}  // namespace lockstep
