#include "operators/convert/runtime_template.h"

#include <algorithm>
#include <set>

#include "operators/api/decode_visitor.h"
#include "operators/convert/mpi_hosts.h"

namespace lockstep {
namespace {

constexpr char kStepLabel[] = "trainer.kubeflow.org/trainjob-ancestor-step";
constexpr char kStepsPath[] = "spec.template.spec.replicatedJobs";
constexpr char kPolicyPath[] = "spec.mlPolicy";

void CheckTorchProcesses(const Json& processes, FindingList& findings) {
  const bool number = processes.is_number_integer() && processes >= 1 && processes <= kMpiSlotsMax;
  if (number || processes.is_null() || processes == "auto" || processes == "cpu" ||
      processes == "gpu") {
    return;
  }
  findings.Error(FieldPath(FieldPath(kPolicyPath, "torch"), "numProcPerNode"),
                 processes.dump() +
                     " is no number of processes: use auto, cpu, gpu or a number "
                     "from 1 to " +
                     std::to_string(kMpiSlotsMax));
}

void CheckPolicy(const MlPolicy& policy, FindingList& findings) {
  if (policy.torch) CheckTorchProcesses(policy.torch->num_proc_per_node, findings);
  std::string names;
  int count = 0;
  for (const auto& [name, there] :
       {std::pair{"torch", policy.torch.has_value()}, std::pair{"mpi", policy.mpi.has_value()},
        std::pair{"jax", policy.jax.has_value()},
        std::pair{"xgboost", policy.xgboost.has_value()}}) {
    if (!there) continue;
    names += (names.empty() ? "" : " and ") + std::string(name);
    ++count;
  }
  if (count > 1) {
    findings.Error(kPolicyPath, "has " + names + ": only one of the policies can be configured");
  }
  if (policy.num_nodes.value_or(1) < 1) {
    findings.Error(FieldPath(kPolicyPath, "numNodes"),
                   "is " + std::to_string(*policy.num_nodes) + ": a job needs at least one node");
  }
  if (policy.num_nodes.value_or(1) > kMpiHostsMax) {
    findings.Error(
        FieldPath(kPolicyPath, "numNodes"),
        "is " + std::to_string(*policy.num_nodes) + ": at most " + std::to_string(kMpiHostsMax));
  }
  if (!policy.mpi) return;
  const std::string path = FieldPath(kPolicyPath, "mpi");
  if (policy.mpi->num_proc_per_node.value_or(1) < 1) {
    findings.Error(FieldPath(path, "numProcPerNode"), "must be at least 1");
  } else if (policy.mpi->num_proc_per_node.value_or(1) > kMpiSlotsMax) {
    findings.Error(FieldPath(path, "numProcPerNode"),
                   "is more than " + std::to_string(kMpiSlotsMax));
  }
  const std::string& kind = policy.mpi->mpi_implementation;
  if (kind == "Intel" || kind == "MPICH") {
    findings.Error(FieldPath(path, "mpiImplementation"),
                   "\"" + kind +
                       "\" is a name that Kubeflow Trainer takes, and then fails at again and "
                       "again: use OpenMPI, or an MPIJob (kubeflow.org/v2beta1)");
  } else if (!kind.empty() && kind != "OpenMPI") {
    findings.Error(FieldPath(path, "mpiImplementation"),
                   "\"" + kind + "\" is not known: use OpenMPI");
  }
}

// Ranks start together, after the initializers.
void CheckDependencies(const RuntimeTemplate& runtime, const RuntimeStep& step,
                       const std::string& path, FindingList& findings) {
  for (std::size_t i = 0; i < step.depends_on.size(); ++i) {
    const StepDependency& dependency = step.depends_on[i];
    const std::string place = ElementPath(FieldPath(path, "dependsOn"), i);
    const RuntimeStep* const before = runtime.FindStep(dependency.name);
    if (before == nullptr) {
      findings.Error(FieldPath(place, "name"),
                     "there is no ReplicatedJob \"" + dependency.name + "\"");
    } else if (dependency.status != "Ready" && dependency.status != "Complete") {
      findings.Error(FieldPath(place, "status"),
                     "\"" + dependency.status + "\" is not known: use Ready or Complete");
    } else if (dependency.status == "Complete" && !before->initializer()) {
      findings.Unsupported(FieldPath(place, "status"),
                           "is not supported yet: the steps of a job start together; only "
                           "dataset-initializer and model-initializer come before");
    }
  }
}

void CheckStep(const RuntimeTemplate& runtime, const RuntimeStep& step, const std::string& path,
               FindingList& findings) {
  if (step.name.empty()) findings.Error(FieldPath(path, "name"), "is missing");
  if (step.replicas.value_or(1) != 1) {
    findings.Error(FieldPath(path, "replicas"),
                   "is " + std::to_string(*step.replicas) +
                       ": always must be 1; the number of ranks is mlPolicy.numNodes, or "
                       "template.spec.parallelism");
  }
  const StepJobSpec& job = step.job_template.spec;
  const std::string job_path = FieldPath(FieldPath(path, "template"), "spec");
  if (job.parallelism.value_or(1) < 1 || job.parallelism.value_or(1) > kMpiHostsMax) {
    findings.Error(FieldPath(job_path, "parallelism"),
                   "must be from 1 to " + std::to_string(kMpiHostsMax));
  }
  if (job.completions && *job.completions != job.parallelism.value_or(1)) {
    findings.Unsupported(FieldPath(job_path, "completions"),
                         "is not supported yet: the pods of a step start together as its ranks, "
                         "so make it equal to parallelism");
  }
  if (job.backoff_limit.value_or(0) < 0) {
    findings.Error(FieldPath(job_path, "backoffLimit"), "must not be negative");
  }
  if (job.pod_template.spec.containers.empty()) {
    const std::string pod = FieldPath(FieldPath(job_path, "template"), "spec");
    findings.Error(FieldPath(pod, "containers"), "is missing: what does the step run?");
  }
  CheckDependencies(runtime, step, path, findings);
}

void CheckSuccess(const RuntimeTemplate& runtime, FindingList& findings) {
  const auto& policy = runtime.set.spec.success_policy;
  if (!policy) return;
  const std::string path = "spec.template.spec.successPolicy";
  const std::string& rule = policy->success_operator;
  if (!rule.empty() && rule != "All" && rule != "Any") {
    findings.Error(FieldPath(path, "operator"), "\"" + rule + "\" is not known: use All or Any");
  }
  for (std::size_t i = 0; i < policy->targets.size(); ++i) {
    if (runtime.FindStep(policy->targets[i]) != nullptr) continue;
    findings.Error(ElementPath(FieldPath(path, "targetReplicatedJobs"), i),
                   "there is no ReplicatedJob \"" + policy->targets[i] + "\"");
  }
}

// Read apart: a TrainingJob has it once, not once a role. One for each step.
Json WithoutGracePeriods(Json spec, FindingList& findings,
                         std::vector<std::optional<std::int64_t>>& graces) {
  const Json::json_pointer steps("/template/spec/replicatedJobs");
  if (!spec.is_object() || !spec.contains(steps) || !spec[steps].is_array()) return spec;
  const Json::json_pointer pod("/template/spec/template/spec");
  constexpr const char* kGrace = "terminationGracePeriodSeconds";
  for (std::size_t i = 0; i < spec[steps].size(); ++i) {
    Json& step = spec[steps][i];
    graces.emplace_back();
    if (!step.is_object() || !step.contains(pod) || !step[pod].is_object()) continue;
    const auto field = step[pod].find(kGrace);
    if (field == step[pod].end()) continue;
    if (field->is_number_integer() && field->get<std::int64_t>() >= 0) {
      graces.back() = field->get<std::int64_t>();
    } else if (!field->is_null()) {
      findings.Error(ElementPath(kStepsPath, i) + ".template.spec.template.spec." + kGrace,
                     "expected a number of seconds, at least 0");
    }
    step[pod].erase(field);
  }
  return spec;
}

}  // namespace

std::string RuntimeStep::ancestor() const {
  const auto label = job_template.metadata.labels.find(kStepLabel);
  return label == job_template.metadata.labels.end() ? "" : label->second;
}

bool RuntimeStep::initializer() const {
  return ancestor() == kDatasetStep || ancestor() == kModelStep;
}

const RuntimeStep* RuntimeTemplate::FindAncestor(std::string_view ancestor) const {
  const auto found = std::ranges::find(set.spec.steps, ancestor, &RuntimeStep::ancestor);
  return found == set.spec.steps.end() ? nullptr : &*found;
}

const RuntimeStep* RuntimeTemplate::FindStep(std::string_view name) const {
  const auto found = std::ranges::find(set.spec.steps, name, &RuntimeStep::name);
  return found == set.spec.steps.end() ? nullptr : &*found;
}

RuntimeTemplate ReadRuntimeTemplate(const Json& manifest, FindingList& findings) {
  RuntimeTemplate runtime;
  const DecodePlace root;
  const auto spec = manifest.find("spec");
  if (spec == manifest.end() || spec->is_null()) {
    findings.Error("spec", "is missing: what do its TrainJobs run?");
    return runtime;
  }
  FindingList decoding(findings.document());
  std::vector<std::optional<std::int64_t>> graces;
  const Json kept = WithoutGracePeriods(*spec, decoding, graces);
  DecodeStruct(kept, DecodePlace{&root, "spec"}, decoding, runtime);
  for (std::size_t i = 0; i < std::min(graces.size(), runtime.set.spec.steps.size()); ++i) {
    runtime.set.spec.steps[i].grace_seconds = graces[i];
  }
  FindingList rules(findings.document());
  CheckPolicy(runtime.ml_policy, rules);
  const StepSet& set = runtime.set.spec;
  if (set.steps.empty()) rules.Error(kStepsPath, "is missing: what do its TrainJobs run?");
  if (set.failure_policy.max_restarts < 0) {
    rules.Error("spec.template.spec.failurePolicy.maxRestarts", "must not be negative");
  }
  if (set.network.is_object() && set.network.contains("subdomain")) {
    rules.Unsupported("spec.template.spec.network.subdomain",
                      "is not supported yet: the ranks are told JOB-node-0-0.JOB whatever it is; "
                      "leave it out");
  }
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < set.steps.size(); ++i) {
    const std::string path = ElementPath(kStepsPath, i);
    CheckStep(runtime, set.steps[i], path, rules);
    if (!names.insert(set.steps[i].name).second) {
      rules.Error(FieldPath(path, "name"), "\"" + set.steps[i].name + "\" is there twice");
    }
  }
  CheckSuccess(runtime, rules);
  if (!set.steps.empty() && runtime.FindAncestor(kTrainerStep) == nullptr) {
    rules.Warning(kStepsPath, "no step has the label " + std::string(kStepLabel) +
                                  ": trainer, so spec.trainer of a TrainJob changes nothing");
  }
  for (Finding& finding : WithRules(decoding.Take(), rules.Take())) {
    findings.Add(std::move(finding));
  }
  return runtime;
}

}  // namespace lockstep
