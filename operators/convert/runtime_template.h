// The spec of a TrainingRuntime or ClusterTrainingRuntime, as far as a TrainJob is made from it.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/finding_list.h"
#include "operators/api/training_job.h"

namespace lockstep {

struct TorchPolicy {
  Json num_proc_per_node;  // a number or a text; null: not given

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("numProcPerNode", self.num_proc_per_node,
            "Where the TrainJob's trainer does not say it: auto, cpu, gpu or a number. Runtimes of "
            "Kubeflow Trainer before 2.3 have it.");
    v.Refused("all variables of torchrun are set", {"envInjection"});
    v.Refused("the number of ranks stays as it is; write numNodes", {"elasticPolicy"});
  }
};

struct MpiPolicy {
  std::optional<std::int32_t> num_proc_per_node;
  std::string mpi_implementation;
  std::string ssh_auth_mount_path;
  bool run_launcher_as_node = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("numProcPerNode", self.num_proc_per_node, "Slots of each node; default 1.");
    v.Field("mpiImplementation", self.mpi_implementation, "OpenMPI.");
    v.Field("sshAuthMountPath", self.ssh_auth_mount_path, "Not needed on one machine.");
    v.Field("runLauncherAsNode", self.run_launcher_as_node, "Whether the launcher has slots too.");
  }
};

struct PlainPolicy {
  template <class Self, class V>
  static void Fields(Self&, V&) {}
};

// At most one source is there; none: the ranks get no variables of a framework.
struct MlPolicy {
  std::optional<std::int32_t> num_nodes;
  std::optional<TorchPolicy> torch;
  std::optional<MpiPolicy> mpi;
  std::optional<PlainPolicy> jax;
  std::optional<PlainPolicy> xgboost;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("numNodes", self.num_nodes, "Ranks of the trainer step; default 1.");
    v.Field("torch", self.torch, "The variables of torchrun: PET_.");
    v.Field("mpi", self.mpi, "A hostfile and the variables of mpirun.");
    v.Field("jax", self.jax, "The variables of jax.distributed: JAX_.");
    v.Field("xgboost", self.xgboost, "The variables of its tracker: DMLC_.");
    v.Refused("use torch, mpi, jax, xgboost or none of them", {"flux"});
  }
};

struct StepJobSpec {
  std::optional<std::int32_t> parallelism;
  std::optional<std::int32_t> completions;
  std::optional<std::int32_t> backoff_limit;
  PodTemplate pod_template;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("parallelism", self.parallelism, "Ranks of the step, unless it is the trainer.");
    v.Field("completions", self.completions, "The same number.");
    v.Field("backoffLimit", self.backoff_limit, "How often it may fail; default 6.");
    v.Field("template", self.pod_template, "The pods of the step.");
    v.Dropped({"completionMode", "suspend", "podReplacementPolicy"});
    v.Refused("write the TrainJob's activeDeadlineSeconds", {"activeDeadlineSeconds"});
    v.Refused("the group is started again as a whole; leave it out",
              {"podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes",
               "ttlSecondsAfterFinished", "selector", "manualSelector", "managedBy"});
  }
};

struct StepTemplate {
  PodMeta metadata;
  StepJobSpec spec;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.metadata, "With the label of the step.");
    v.Field("spec", self.spec, "A Job's.");
  }
};

struct StepDependency {
  std::string name;
  std::string status;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "A ReplicatedJob that comes before.");
    v.Field("status", self.status, "Ready or Complete.");
  }
};

// A ReplicatedJob.
struct RuntimeStep {
  std::string name;
  std::optional<std::int32_t> replicas;
  StepTemplate job_template;
  std::vector<StepDependency> depends_on;
  std::optional<std::int64_t> grace_seconds = {};  // its pods' terminationGracePeriodSeconds

  // "trainer", "dataset-initializer", "model-initializer", or "".
  std::string ancestor() const;
  bool initializer() const;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the step: node, launcher.");
    v.Field("replicas", self.replicas, "Always 1.");
    v.Field("template", self.job_template, "Its Job.");
    v.Field("dependsOn", self.depends_on, "What must have come before.");
    v.Dropped({"groupName"});
  }
};

struct StepSuccess {
  std::string success_operator;
  std::vector<std::string> targets;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("operator", self.success_operator, "All or Any.");
    v.Field("targetReplicatedJobs", self.targets, "Whose success counts; all, when left out.");
  }
};

struct StepFailure {
  std::int32_t max_restarts = 0;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("maxRestarts", self.max_restarts, "How often all is started again; default 0.");
    v.Dropped({"restartStrategy"});
    v.Refused("every failure counts; leave it out", {"rules"});
  }
};

struct StepSet {
  std::vector<RuntimeStep> steps;
  std::optional<StepSuccess> success_policy;
  StepFailure failure_policy;
  Json network;  // null: not given

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("replicatedJobs", self.steps, "The steps.");
    v.Field("successPolicy", self.success_policy, "Whose success is the job's.");
    v.Field("failurePolicy", self.failure_policy, "What follows a failure.");
    v.Field("network", self.network, "Host names: JOB-STEP-0-INDEX.JOB.");
    v.Dropped({"startupPolicy", "suspend", "coordinator"});
    v.Refused("the TrainJob would make the JobSet again and run once more, without end",
              {"ttlSecondsAfterFinished"});
    v.Refused("write the TrainJob's managedBy", {"managedBy"});
    v.Refused("write a volume of each step", {"volumeClaimPolicies"});
  }
};

struct StepSetTemplate {
  PodMeta metadata;
  StepSet spec;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.metadata, "Of the JobSet.");
    v.Field("spec", self.spec, "A JobSet's.");
  }
};

struct RuntimeTemplate {
  MlPolicy ml_policy;
  StepSetTemplate set;

  // The first with that label; null: there is none.
  const RuntimeStep* FindAncestor(std::string_view ancestor) const;
  const RuntimeStep* FindStep(std::string_view name) const;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("mlPolicy", self.ml_policy, "How the ranks are told about each other.");
    v.Field("template", self.set, "The steps.");
    v.Dropped({"podGroupPolicy"});  // all ranks start together here anyway
  }
};

inline constexpr char kTrainerStep[] = "trainer";
inline constexpr char kDatasetStep[] = "dataset-initializer";
inline constexpr char kModelStep[] = "model-initializer";
// The ReplicatedJob, and the container in it, that Kubeflow Trainer's plug-ins look for.
inline constexpr char kNode[] = "node";
inline constexpr char kLauncher[] = "launcher";

// What is at spec of a runtime's manifest, which a TrainJob may have patched. Findings at paths of
// the manifest: what Kubeflow Trainer's webhook refuses, what it would fail at later, and what one
// machine cannot do. That there is no trainer step is a warning, as it is no error for them.
RuntimeTemplate ReadRuntimeTemplate(const Json& manifest, FindingList& findings);

}  // namespace lockstep
