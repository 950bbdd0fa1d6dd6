// The spec of a TrainJob as it is written. Internal to train_job.cc and its parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/finding_list.h"
#include "operators/api/training_job.h"
#include "operators/convert/runtime_template.h"

namespace lockstep {

struct TrainJobRuntimeRef {
  std::string name;
  std::string api_group;
  std::string kind;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the runtime.");
    v.Field("apiGroup", self.api_group, "trainer.kubeflow.org.");
    v.Field("kind", self.kind, "ClusterTrainingRuntime (default) or TrainingRuntime.");
  }
};

struct TrainJobData {
  std::string storage_uri;
  std::vector<EnvVar> env;
  Json secret_ref;  // null: not given

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("storageUri", self.storage_uri, "What is to be downloaded.");
    v.Field("env", self.env, "Variables of the step.");
    v.Field("secretRef", self.secret_ref, "A Secret whose keys are variables too.");
  }
};

struct TrainJobInitializer {
  std::optional<TrainJobData> dataset;
  std::optional<TrainJobData> model;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("dataset", self.dataset, "For the step dataset-initializer.");
    v.Field("model", self.model, "For the step model-initializer.");
  }
};

struct TrainJobTrainer {
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::vector<EnvVar> env;
  std::optional<std::int32_t> num_nodes;
  Json resources_per_node;  // null: not given
  Json num_proc_per_node;   // a number or a text; null: not given

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("image", self.image, "In place of the runtime's.");
    v.Field("command", self.command, "In place of the runtime's.");
    v.Field("args", self.args, "In place of the runtime's.");
    v.Field("env", self.env, "On top of the runtime's.");
    v.Field("numNodes", self.num_nodes, "Number of ranks.");
    v.Field("resourcesPerNode", self.resources_per_node, "In place of the runtime's.");
    v.Field("numProcPerNode", self.num_proc_per_node, "Processes that each rank starts.");
  }
};

struct TrainJobSpec {
  TrainJobRuntimeRef runtime_ref;
  std::optional<TrainJobInitializer> initializer;
  std::optional<TrainJobTrainer> trainer;
  Json runtime_patches;  // null: not given
  bool suspend = false;
  std::optional<std::int64_t> active_deadline_seconds;
  std::string managed_by;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("runtimeRef", self.runtime_ref, "Which runtime it fills in.");
    v.Field("initializer", self.initializer, "What is downloaded before.");
    v.Field("trainer", self.trainer, "What the trainer step runs.");
    v.Field("runtimePatches", self.runtime_patches, "Further changes of the runtime.");
    v.Field("suspend", self.suspend, "Whether the job is to rest.");
    v.Field("activeDeadlineSeconds", self.active_deadline_seconds,
            "The job fails when it runs longer.");
    v.Field("managedBy", self.managed_by, "Who runs the job.");
    v.Dropped({"labels", "annotations"});  // of the JobSet
    v.Refused("write runtimePatches", {"podTemplateOverrides", "podSpecOverrides"});
  }
};

// A runtime's manifest with spec.runtimePatches of a TrainJob merged into it. Findings at paths of
// the TrainJob. Pure.
Json PatchedRuntime(Json runtime, const Json& patches, FindingList& findings);

// The variables of the runtime's policy for the container `node` of the step that it is about, in
// their order, which come after all others. Pure.
struct PolicyInput {
  const RuntimeTemplate& runtime;
  const TrainJobTrainer* trainer = nullptr;  // null: the TrainJob has none
  std::int32_t nodes = 1;
  Json resources = {};  // of the container
};
std::vector<EnvVar> PolicyVariables(const PolicyInput& input);
// Slots of an MPI node.
std::int64_t MpiSlots(const PolicyInput& input);

// Names that the runtime's policy sets. A user's value of them is refused, or else overwritten.
struct PolicyNames {
  std::vector<std::string_view> names;
  bool refused = true;
};
PolicyNames NamesOfPolicy(const MlPolicy& policy);

// The steps dataset-initializer and model-initializer become steps before the ranks of `role`, as
// far as they name a program: of the others a warning says that nothing is downloaded.
void AddInitializers(const RuntimeTemplate& runtime, const std::optional<TrainJobInitializer>& data,
                     JobRole& role, FindingList& findings);

// As Kubernetes' server-side apply does: in the place of the one of the same name, or at the end.
void UpsertVariable(std::vector<EnvVar>& env, const EnvVar& variable);

}  // namespace lockstep
