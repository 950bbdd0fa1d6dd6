// TrainingRuntime and ClusterTrainingRuntime (trainer.kubeflow.org/v1alpha1): the blueprint that a
// TrainJob names and fills in (operators/convert/train_job.cc). They have no status here.
#pragma once

#include <functional>
#include <string>

#include "operators/api/meta.h"
#include "operators/codec/json.h"
#include "runtime/base/status.h"

namespace lockstep {

// The spec is kept as it was written: it is read whenever a TrainJob is converted
// (operators/convert/runtime_template.h), and admission has read it once.
struct TrainingRuntime {
  static constexpr char kKind[] = "TrainingRuntime";
  static constexpr char kApiVersion[] = "trainer.kubeflow.org/v1alpha1";
  static constexpr char kPlural[] = "trainingruntimes";
  static constexpr char kDescription[] = "What the TrainJobs of its namespace that name it run.";

  ObjectMeta meta;
  Json spec;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, namespace, labels.");
    v.Field("spec", self.spec, "mlPolicy, podGroupPolicy and the template of a JobSet.");
  }
  friend bool operator==(const TrainingRuntime&, const TrainingRuntime&) = default;
};

// The same for all namespaces; it is kept in the namespace kClusterNamespace.
struct ClusterTrainingRuntime {
  static constexpr char kKind[] = "ClusterTrainingRuntime";
  static constexpr char kApiVersion[] = "trainer.kubeflow.org/v1alpha1";
  static constexpr char kPlural[] = "clustertrainingruntimes";
  static constexpr char kDescription[] = "What the TrainJobs of all namespaces that name it run.";

  ObjectMeta meta;
  Json spec;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, labels.");
    v.Field("spec", self.spec, "mlPolicy, podGroupPolicy and the template of a JobSet.");
  }
  friend bool operator==(const ClusterTrainingRuntime&, const ClusterTrainingRuntime&) = default;
};

// Where objects are kept that belong to no namespace.
inline constexpr char kClusterNamespace[] = "default";

// The manifest of the TrainingRuntime (kind, namespace, name) or ClusterTrainingRuntime (namespace
// "") that a TrainJob names. NotFound; Unavailable: it is not known which there are.
using RuntimeLookup = std::function<Result<Json>(
    const std::string& kind, const std::string& namespace_, const std::string& name)>;

}  // namespace lockstep
