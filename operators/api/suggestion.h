// Suggestion: the points an Experiment has asked for and got. One per Experiment, of the same name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/api/growing_list.h"

namespace lockstep {

struct SuggestionSpec {
  AlgorithmSpec algorithm;
  std::optional<AlgorithmSpec> early_stopping;
  std::int32_t requests = 0;
  std::string resume_policy;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("algorithm", self.algorithm, "How to search.");
    v.Field("earlyStopping", self.early_stopping, "How to end hopeless trials early.");
    v.Field("requests", self.requests, "Points asked for in all.");
    v.Field("resumePolicy", self.resume_policy, "Never, LongRunning or FromVolume.");
  }
  friend bool operator==(const SuggestionSpec&, const SuggestionSpec&) = default;
};

// One point: the trial of this name is to be created with these parameters.
struct TrialAssignment {
  std::string name;
  std::vector<ParameterAssignment> parameter_assignments;
  Labels labels;
  std::vector<EarlyStoppingRule> early_stopping_rules = {};

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the trial.");
    v.Field("parameterAssignments", self.parameter_assignments, "Its parameters.");
    v.Field("labels", self.labels, "Labels of the trial; algorithms remember by them.");
    v.Field("earlyStoppingRules", self.early_stopping_rules, "When to end the trial early.");
  }
  friend bool operator==(const TrialAssignment&, const TrialAssignment&) = default;
};

struct SuggestionStatus {
  std::vector<AlgorithmSetting> algorithm_settings;
  std::int32_t suggestion_count = 0;
  GrowingList<TrialAssignment> suggestions;
  std::string start_time;
  std::string completion_time;
  std::vector<Condition> conditions;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("algorithmSettings", self.algorithm_settings, "Settings the algorithm keeps.");
    v.Field("suggestionCount", self.suggestion_count, "Points given in all.");
    v.Field("suggestions", self.suggestions, "The points, in order.");
    v.Field("startTime", self.start_time, "When the search started.");
    v.Field("completionTime", self.completion_time, "When the search ended.");
    v.Field("conditions", self.conditions, "Created, Running, Exhausted, Succeeded, Failed.");
    v.Dropped({"lastReconcileTime"});
  }
  friend bool operator==(const SuggestionStatus&, const SuggestionStatus&) = default;
};

struct Suggestion {
  static constexpr char kKind[] = "Suggestion";
  static constexpr char kApiVersion[] = "kubeflow.org/v1beta1";
  static constexpr char kPlural[] = "suggestions";
  static constexpr char kDescription[] =
      "The points that the search of an Experiment has asked for and got. Written by the operator.";

  ObjectMeta meta;
  SuggestionSpec spec;
  SuggestionStatus status;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, namespace, labels.");
    v.Field("spec", self.spec, "What is wanted.");
    v.Field("status", self.status, "What is. Written by the operator.");
  }
  friend bool operator==(const Suggestion&, const Suggestion&) = default;
};

}  // namespace lockstep
