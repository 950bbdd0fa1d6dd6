// A TrainJob is its runtime, filled in. Ranks are the pods of the runtime's steps; the initializers
// come before them.
#include "operators/convert/train_job.h"

#include <algorithm>
#include <limits>
#include <set>

#include "operators/api/decode_visitor.h"
#include "operators/convert/dns_name.h"
#include "operators/convert/mpi_hosts.h"
#include "operators/convert/pod_check.h"
#include "operators/convert/pod_template.h"
#include "operators/convert/run_policy.h"
#include "operators/convert/shipped_runtimes.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

constexpr char kApiGroup[] = "trainer.kubeflow.org";
constexpr char kClusterKind[] = "ClusterTrainingRuntime";
constexpr char kNamespacedKind[] = "TrainingRuntime";
constexpr char kManager[] = "trainer.kubeflow.org/trainjob-controller";
constexpr char kQueueManager[] = "kueue.x-k8s.io/multikueue";
constexpr char kRefPath[] = "spec.runtimeRef";
constexpr char kTrainerPath[] = "spec.trainer";
constexpr std::int32_t kTrainerPort = 29500;
constexpr char kIndexName[] = "JOB_COMPLETION_INDEX";
constexpr char kIndexKey[] = "batch.kubernetes.io/job-completion-index";
constexpr char kIndexToken[] = "${lockstep.index}";

struct TrainJob {
  ObjectMeta meta;
  TrainJobSpec spec;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, namespace, labels.");
    v.Field("spec", self.spec, "What it runs.");
    v.Dropped({"status"});
  }
};

// What a runtime and a job make together.
struct Filled {
  const TrainJob& train_job;
  const RuntimeTemplate& runtime;
  FindingList& findings;

  const TrainJobTrainer* trainer() const {
    return train_job.spec.trainer ? &*train_job.spec.trainer : nullptr;
  }
  const std::string& name() const { return train_job.meta.name; }
};

void CheckEnvTwice(const std::vector<EnvVar>& env, const std::string& path, FindingList& findings) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < env.size(); ++i) {
    if (names.insert(env[i].name).second) continue;
    findings.Error(ElementPath(path, i), "\"" + env[i].name + "\" is there twice");
  }
}

void CheckTrainer(const TrainJobTrainer& trainer, FindingList& findings) {
  CheckEnvTwice(trainer.env, FieldPath(kTrainerPath, "env"), findings);
  if (trainer.num_nodes && *trainer.num_nodes < 1) {
    findings.Error(FieldPath(kTrainerPath, "numNodes"),
                   "is " + std::to_string(*trainer.num_nodes) +
                       (*trainer.num_nodes == 0
                            ? ": Kubeflow Trainer calls such a job Complete without a run; a job "
                              "needs at least one node"
                            : ": a job needs at least one node"));
  }
  const Json& processes = trainer.num_proc_per_node;
  const std::string path = FieldPath(kTrainerPath, "numProcPerNode");
  if (processes.is_number_integer()) {
    if (processes.get<std::int64_t>() < 1) {
      findings.Error(path, "is " + processes.dump() +
                               ": Kubeflow Trainer takes it, and its ranks then wait for each "
                               "other for ever; write at least 1");
    }
  } else if (!processes.is_null() && processes != "auto" && processes != "cpu" &&
             processes != "gpu") {
    findings.Error(path, processes.dump() + " must be a whole number, auto, cpu or gpu");
  }
}

void CheckSpec(const TrainJob& job, FindingList& findings) {
  const TrainJobSpec& spec = job.spec;
  if (const std::string why = WhyNoLabel(job.meta.name); !job.meta.name.empty() && !why.empty()) {
    findings.Error("metadata.name", "\"" + job.meta.name + "\" " + why);
  }
  if (spec.active_deadline_seconds.value_or(1) < 1) {
    findings.Error("spec.activeDeadlineSeconds",
                   "is " + std::to_string(*spec.active_deadline_seconds) + ": must be at least 1");
  }
  if (!spec.managed_by.empty() && spec.managed_by != kManager && spec.managed_by != kQueueManager) {
    findings.Error("spec.managedBy", "\"" + spec.managed_by +
                                         "\" is nobody who runs such jobs: "
                                         "use " +
                                         kManager + " or " + kQueueManager + ", or leave it out");
  }
  if (spec.trainer) CheckTrainer(*spec.trainer, findings);
  const TrainJobRuntimeRef& ref = spec.runtime_ref;
  if (ref.name.empty()) {
    findings.Error(FieldPath(kRefPath, "name"),
                   "is missing: use torch-distributed, or a runtime "
                   "of your own");
  }
  if (!ref.kind.empty() && ref.kind != kClusterKind && ref.kind != kNamespacedKind) {
    findings.Error(FieldPath(kRefPath, "kind"), "\"" + ref.kind + "\" is not known: use " +
                                                    kClusterKind + " or " + kNamespacedKind);
  }
  if (!ref.api_group.empty() && ref.api_group != kApiGroup) {
    findings.Error(FieldPath(kRefPath, "apiGroup"),
                   "\"" + ref.api_group + "\" is not known: use " + kApiGroup);
  }
}

// Null, with a finding: there is none. Of those that are shipped an object of the same name takes
// the place.
Json FindRuntime(const TrainJob& job, const RuntimeLookup& runtimes, FindingList& findings) {
  const TrainJobRuntimeRef& ref = job.spec.runtime_ref;
  const bool cluster = ref.kind != kNamespacedKind;
  const std::string kind = cluster ? kClusterKind : kNamespacedKind;
  std::string namespace_ = job.meta.namespace_.empty() ? "default" : job.meta.namespace_;
  if (cluster) namespace_.clear();
  const Result<Json> found =
      runtimes ? runtimes(kind, namespace_, ref.name) : Result<Json>(NotFound("none"));
  if (found.ok()) return *found;
  if (std::optional<Json> shipped = ShippedRuntime(ref.name); cluster && shipped) return *shipped;
  std::string names;
  for (const std::string& name : ShippedRuntimeNames()) names += (names.empty() ? "" : ", ") + name;
  const std::string what = "the " + kind + " \"" + ref.name + "\"";
  const std::string next = " apply it before the TrainJob or in the same file" +
                           (cluster ? ", or use one of " + names : std::string());
  if (found.status().kind() == StatusKind::kNotFound) {
    findings.Error(kRefPath, "there is no " + what.substr(4) + ":" + next);
  } else if (found.status().kind() == StatusKind::kUnavailable) {
    findings.Unsupported(kRefPath, what +
                                       " is not in these files, and what else there is is not "
                                       "known here:" +
                                       next);
  } else {
    findings.Error(kRefPath, what + ": " + found.status().message());
  }
  return {};
}

// Warnings of a runtime are told to those who apply it.
RuntimeTemplate ReadRuntime(const TrainJob& job, const Json& manifest, FindingList& findings) {
  FindingList inner(nullptr);
  RuntimeTemplate runtime = ReadRuntimeTemplate(manifest, inner);
  const std::string who = "in the runtime \"" + job.spec.runtime_ref.name + "\", ";
  for (Finding finding : inner.Take()) {
    if (finding.severity != Finding::Severity::kError) continue;
    findings.Add({.path = kRefPath,
                  .message = who + finding.path + ": " + finding.message,
                  .unsupported = finding.unsupported});
  }
  return runtime;
}

void CheckAgainstRuntime(const Filled& filled) {
  FindingList& findings = filled.findings;
  const MlPolicy& policy = filled.runtime.ml_policy;
  const auto& initializer = filled.train_job.spec.initializer;
  const std::string& runtime = filled.train_job.spec.runtime_ref.name;
  const auto need = [&](const char* field, const char* step) {
    if (filled.runtime.FindAncestor(step) != nullptr) return;
    findings.Error(FieldPath("spec.initializer", field),
                   "the runtime \"" + runtime + "\" has no step " + step +
                       ": leave it out, or use a runtime that has one");
  };
  if (initializer && initializer->dataset) need("dataset", kDatasetStep);
  if (initializer && initializer->model) need("model", kModelStep);
  const RuntimeStep* const step = filled.runtime.FindAncestor(kTrainerStep);
  if ((policy.torch || policy.jax || policy.xgboost) && step != nullptr && step->name != kNode) {
    findings.Error(kRefPath, "the trainer step of the runtime \"" + runtime + "\" is \"" +
                                 step->name +
                                 "\", and its ranks are told to connect to the first of a step "
                                 "\"node\": they would wait for ever");
  }
  const TrainJobTrainer* const trainer = filled.trainer();
  if (trainer == nullptr) return;
  const PolicyNames reserved = NamesOfPolicy(policy);
  for (std::size_t i = 0; i < trainer->env.size(); ++i) {
    if (std::ranges::find(reserved.names, trainer->env[i].name) == reserved.names.end()) continue;
    const std::string path = FieldPath(ElementPath(FieldPath(kTrainerPath, "env"), i), "name");
    if (reserved.refused) {
      findings.Error(path, "\"" + trainer->env[i].name +
                               "\" is set by the runtime: leave it out; see numNodes and "
                               "numProcPerNode");
    } else {
      findings.Warning(
          path, "\"" + trainer->env[i].name + "\" is set by the runtime, in place of this value");
    }
  }
}

std::int32_t RankCount(const Filled& filled, const RuntimeStep& step) {
  const MlPolicy& policy = filled.runtime.ml_policy;
  const bool is_trainer = step.ancestor() == kTrainerStep;
  std::int32_t count = step.job_template.spec.parallelism.value_or(1);
  const bool has_policy = policy.torch || policy.mpi || policy.jax || policy.xgboost;
  if (is_trainer) count = policy.num_nodes.value_or(has_policy ? 1 : count);
  if (filled.trainer() == nullptr || !filled.trainer()->num_nodes) return count;
  const std::int32_t nodes = *filled.trainer()->num_nodes;
  if (!policy.mpi) return is_trainer ? nodes : count;
  if (step.name != kNode) return count;
  return policy.mpi->run_launcher_as_node ? std::max(nodes - 1, 1) : nodes;
}

std::string PodName(const Filled& filled, const std::string& step, const std::string& index) {
  return filled.name() + "-" + step + "-0-" + index;
}

// The first container of that name; the plug-ins look for no other.
Container* FindNode(PodSpec& pod) {
  const auto found = std::ranges::find(pod.containers, std::string_view(kNode), &Container::name);
  return found == pod.containers.end() ? nullptr : &*found;
}

void Override(const TrainJobTrainer& trainer, bool resources_alone, Container& container) {
  const Json& resources = trainer.resources_per_node;
  if (resources.is_object() && !resources.empty()) container.resources = resources;
  if (resources_alone) return;
  if (!trainer.image.empty()) container.image = trainer.image;
  if (!trainer.command.empty()) container.command = trainer.command;
  if (!trainer.args.empty()) container.args = trainer.args;
  for (const EnvVar& variable : trainer.env) UpsertVariable(container.env, variable);
}

void AddPort(std::int32_t port, Container& container) {
  if (!container.ports.is_array()) container.ports = Json::array();
  container.ports.push_back({{"containerPort", port}});
}

// A rank's number in its step, which Kubernetes' Job controller tells every container.
void AddIndex(std::vector<Container>& containers) {
  for (Container& container : containers) {
    for (EnvVar& variable : container.env) {
      if (!variable.value_from || !variable.value_from->field_ref) continue;
      const std::string& field = variable.value_from->field_ref->field_path;
      if (KeyOfFieldPath(field, "annotations") == kIndexKey ||
          KeyOfFieldPath(field, "labels") == kIndexKey) {
        variable = {variable.name, kIndexToken};
      }
    }
    const bool given = std::ranges::find(container.env, std::string_view(kIndexName),
                                         &EnvVar::name) != container.env.end();
    if (!given) container.env.push_back({kIndexName, kIndexToken});
  }
}

void AddNames(const Filled& filled, const RuntimeStep& step, JobRole& role) {
  const std::string job = filled.name() + "-" + step.name + "-0";
  Labels& labels = role.pod_template.metadata.labels;
  labels["jobset.sigs.k8s.io/jobset-name"] = filled.name();
  labels["jobset.sigs.k8s.io/replicatedjob-name"] = step.name;
  labels["jobset.sigs.k8s.io/replicatedjob-replicas"] = "1";
  labels["jobset.sigs.k8s.io/job-index"] = "0";
  labels["batch.kubernetes.io/job-name"] = job;
  labels["job-name"] = job;
  labels[kIndexKey] = kIndexToken;
  role.pod_template.metadata.annotations[kIndexKey] = kIndexToken;
  const std::string& given = filled.train_job.meta.namespace_;
  const std::string pod = PodName(filled, step.name, kIndexToken);
  const std::string host = pod + "." + filled.name();
  const std::string space = host + "." + (given.empty() ? "default" : given);
  role.host_names = {host, space, space + ".svc", space + ".svc.cluster.local", pod};
  const std::string last = PodName(filled, step.name, std::to_string(role.replicas - 1));
  if (const std::string why = WhyNoLabel(last); !filled.name().empty() && !why.empty()) {
    filled.findings.Error("metadata.name",
                          "the host name \"" + last + "\" of a rank " + why + ": shorten the name");
  }
}

JobRole RoleOf(const Filled& filled, const RuntimeStep& step) {
  const MlPolicy& policy = filled.runtime.ml_policy;
  const bool is_trainer = step.ancestor() == kTrainerStep;
  JobRole role;
  role.name = step.name;
  role.replicas = RankCount(filled, step);
  role.pod_template = step.job_template.spec.pod_template;
  PodSpec& pod = role.pod_template.spec;
  if (pod.restart_policy.empty()) pod.restart_policy = "OnFailure";
  Container* const node = FindNode(pod);
  const bool is_mpi_node = policy.mpi && step.name == kNode;
  if (node != nullptr && filled.trainer() != nullptr && (is_trainer || is_mpi_node)) {
    Override(*filled.trainer(), !is_trainer, *node);
  }
  const PolicyInput input{filled.runtime, filled.trainer(), role.replicas,
                          node == nullptr ? Json() : node->resources};
  const bool is_told = policy.mpi ? step.name == kLauncher : is_trainer;
  if (node != nullptr && is_told) {
    const std::vector<EnvVar> variables = PolicyVariables(input);
    for (const EnvVar& variable : variables) UpsertVariable(node->env, variable);
    if (!policy.mpi && !variables.empty()) {
      AddPort(kTrainerPort, *node);
      role.port = kTrainerPort;
    }
  }
  role.host_only = is_mpi_node && filled.runtime.FindStep(kLauncher) != nullptr;
  AddNames(filled, step, role);
  return role;
}

// The hosts of all steps that take part, in the runtime's order.
void AddHostfile(const Filled& filled, std::vector<JobRole>& roles) {
  const auto& mpi = filled.runtime.ml_policy.mpi;
  const auto launcher = std::ranges::find(roles, std::string_view(kLauncher), &JobRole::name);
  if (!mpi || launcher == roles.end()) return;
  Container* const node = FindNode(launcher->pod_template.spec);
  if (node == nullptr) return;
  const std::int64_t slots = MpiSlots({filled.runtime, filled.trainer(), 1, node->resources});
  std::string text;
  std::int64_t hosts = 0;
  for (const RuntimeStep& step : filled.runtime.set.spec.steps) {
    const bool takes_part =
        step.name == kNode || (step.name == kLauncher && mpi->run_launcher_as_node);
    if (!takes_part || step.initializer()) continue;
    const auto role = std::ranges::find(roles, step.name, &JobRole::name);
    for (std::int32_t i = 0; i < role->replicas; ++i, ++hosts) {
      text += HostLine(MpiImplementation::kOpenMpi,
                       PodName(filled, step.name, std::to_string(i)) + "." + filled.name(), slots);
    }
  }
  AddMpiFolder("mpi-hostfile", {Hostfile(MpiImplementation::kOpenMpi, text, hosts * slots)}, *node,
               launcher->pod_template.spec);
}

// The steps whose end is the job's.
std::string SuccessPolicy(const Filled& filled, std::vector<JobRole>& roles) {
  const auto& policy = filled.runtime.set.spec.success_policy;
  std::vector<std::string> targets;
  for (const std::string& name : policy ? policy->targets : std::vector<std::string>()) {
    const RuntimeStep* const step = filled.runtime.FindStep(name);
    if (step != nullptr && !step->initializer()) targets.push_back(name);
  }
  const bool any = policy && policy->success_operator == "Any";
  const bool all_count = targets.empty() || targets.size() == roles.size();
  if (targets.size() != 1 && !(all_count && (!any || roles.size() == 1))) {
    filled.findings.Unsupported(
        kRefPath,
        "is not supported yet: the runtime's successPolicy is about several steps and not all of "
        "them; name one step, or none");
  }
  if (all_count && targets.size() != 1) return "AllRanks";
  const auto decides = std::ranges::find(roles, targets.front(), &JobRole::name);
  if (decides != roles.end()) std::rotate(roles.begin(), decides, decides + 1);
  return "FirstRole";
}

// A Job tries backoffLimit more times, and the JobSet maxRestarts times all of that again.
std::int32_t Restarts(const RuntimeTemplate& runtime) {
  const RuntimeStep* step = runtime.FindAncestor(kTrainerStep);
  if (step == nullptr) step = runtime.set.spec.steps.data();
  const std::int64_t tries = step->job_template.spec.backoff_limit.value_or(kBackoffLimit) + 1LL;
  const std::int64_t rounds = runtime.set.spec.failure_policy.max_restarts + 1LL;
  return static_cast<std::int32_t>(
      std::min<std::int64_t>(tries * rounds - 1, std::numeric_limits<std::int32_t>::max()));
}

// The kind of finding that `finding` about a role's pods is, at the place that its user can change.
void AddOfPod(const Filled& filled, const JobRole& role, Finding finding) {
  const std::string program = "containers[0].command";
  const RuntimeStep* const step = filled.runtime.FindStep(role.name);
  if (role.host_only && (finding.unsupported || finding.severity == Finding::Severity::kWarning)) {
    return;  // nothing of it is run here
  }
  if (finding.path == "spec." + program && step->ancestor() == kTrainerStep) {
    finding.path = FieldPath(kTrainerPath, "command");
  } else {
    finding.message = "the step \"" + role.name + "\" of the runtime \"" +
                      filled.train_job.spec.runtime_ref.name + "\", " + finding.path + ": " +
                      finding.message;
    finding.path = kRefPath;
  }
  finding.position = {};
  filled.findings.Add(std::move(finding));
}

void MakeRoles(const Filled& filled, TrainingJobSpec& spec) {
  std::vector<JobRole>& roles = spec.roles;
  for (const RuntimeStep& step : filled.runtime.set.spec.steps) {
    if (!step.initializer()) roles.push_back(RoleOf(filled, step));
    if (step.grace_seconds && !step.initializer()) {
      spec.grace_period_seconds =
          std::max(spec.grace_period_seconds.value_or(0), *step.grace_seconds);
    }
  }
  if (roles.empty()) {
    return filled.findings.Error(kRefPath,
                                 "the runtime has no step but initializers: it trains "
                                 "nothing");
  }
  AddHostfile(filled, roles);
  if (filled.runtime.ml_policy.mpi) {  // it decides, and is rank 0
    const auto launcher = std::ranges::find(roles, std::string_view(kLauncher), &JobRole::name);
    if (launcher != roles.end()) std::rotate(roles.begin(), launcher, launcher + 1);
    if (roles.front().name == kLauncher && roles.front().replicas > 1) {
      filled.findings.Warning(
          kRefPath, "numNodes of the runtime counts its trainer step, which is the launcher: " +
                        std::to_string(roles.front().replicas) +
                        " launchers start, each with all hosts; give the step \"node\" the label "
                        "of the trainer");
    }
  }
  spec.success_policy = SuccessPolicy(filled, roles);
  AddInitializers(filled.runtime, filled.train_job.spec.initializer, roles.front(),
                  filled.findings);
  for (JobRole& role : roles) {
    FindingList rules(nullptr);
    CheckPodTemplate(role.pod_template, "", rules, {.main = 0, .leaves_out = true});
    for (Finding& finding : rules.Take()) AddOfPod(filled, role, std::move(finding));
    if (!role.host_only) LeaveOutWithoutCommand(role.pod_template.spec);
    AddIndex(role.pod_template.spec.init_containers);
    AddIndex(role.pod_template.spec.containers);
  }
}

}  // namespace

TrainingJob ConvertTrainJob(const Json& manifest, const RuntimeLookup& runtimes,
                            FindingList& findings) {
  TrainJob train_job;
  DecodeStruct(manifest, DecodePlace{}, findings, train_job, {"apiVersion", "kind"});
  TrainingJob job;
  job.meta = train_job.meta;
  const TrainJobSpec& spec = train_job.spec;
  job.spec.suspend = spec.suspend;
  job.spec.active_deadline_seconds = spec.active_deadline_seconds;
  job.spec.managed_by = spec.managed_by;
  job.spec.rank_environment = "Lockstep";
  FindingList rules(findings.document());
  const auto finish = [&] {
    for (Finding& finding : WithRules(findings.Take(), rules.Take())) findings.Add(finding);
    if (!job.spec.grace_period_seconds) job.spec.grace_period_seconds = kGracePeriodSeconds;
    return std::move(job);
  };
  CheckSpec(train_job, rules);
  if (spec.runtime_ref.name.empty()) return finish();
  Json runtime_manifest = FindRuntime(train_job, runtimes, rules);
  if (runtime_manifest.is_null()) return finish();
  runtime_manifest = PatchedRuntime(std::move(runtime_manifest), spec.runtime_patches, rules);
  const RuntimeTemplate runtime = ReadRuntime(train_job, runtime_manifest, rules);
  if (HasErrors(rules.findings())) return finish();
  const Filled filled{train_job, runtime, rules};
  CheckAgainstRuntime(filled);
  job.spec.max_restarts = Restarts(runtime);
  MakeRoles(filled, job.spec);
  return finish();
}

}  // namespace lockstep
