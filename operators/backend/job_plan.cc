#include "operators/backend/job_plan.h"

#include <algorithm>

#include "operators/backend/variable_expansion.h"

namespace lockstep {
namespace {

// A century: seconds that still fit in a clock's nanoseconds after any date.
constexpr std::chrono::seconds kForever = std::chrono::hours(24) * 365 * 100;

constexpr char kCollectorPath[] = "spec.metricsCollectorSpec.collector.customCollector";

using Environment = std::map<std::string, std::string>;

// Later values may name variables defined before them.
Environment ExpandedEnv(const std::vector<EnvVar>& variables) {
  Environment env;
  for (const EnvVar& variable : variables)
    env[variable.name] = ExpandVariables(variable.value, env);
  return env;
}

// Locally there is no image whose entry point could stand in for a missing command.
Result<std::vector<std::string>> CommandOf(const Container& container, const Environment& env,
                                           const std::string& path) {
  if (container.command.empty()) {
    return InvalidArgument(path +
                           ".command: is empty; a process on this machine has no image to "
                           "take its program from: name the program");
  }
  std::vector<std::string> command;
  for (const auto* part : {&container.command, &container.args})
    for (const std::string& word : *part) command.push_back(ExpandVariables(word, env));
  return command;
}

Result<LaunchInit> InitOf(const JobPlan& plan, const JobRole& role, const Container& container,
                          const std::string& path, const VolumePlaces& places) {
  LaunchInit init;
  init.name = container.name;
  init.env = ExpandedEnv(container.env);
  init.working_dir = container.working_dir;
  init.sidecar = container.restart_policy == "Always";
  LOCKSTEP_ASSIGN_OR_RETURN(init.command, CommandOf(container, init.env, path));
  LOCKSTEP_ASSIGN_OR_RETURN(init.mounts, MountsOf(plan, role, container, path, places));
  return init;
}

Result<LaunchRole> RoleOf(const JobPlan& plan, const JobRole& role, const std::string& path,
                          const VolumePlaces& places) {
  const PodSpec& pod = role.pod_template.spec;
  if (pod.containers.size() != 1) {
    return InvalidArgument(path + ".containers: has " + std::to_string(pod.containers.size()) +
                           " containers, must have one: the program of a rank");
  }
  const Container& container = pod.containers[0];
  const std::string container_path = path + ".containers[0]";
  LaunchRole launch;
  launch.name = role.name;
  launch.ranks = role.replicas;
  launch.env = ExpandedEnv(container.env);
  launch.working_dir = container.working_dir.empty() ? plan.working_dir : container.working_dir;
  LOCKSTEP_ASSIGN_OR_RETURN(launch.command, CommandOf(container, launch.env, container_path));
  LOCKSTEP_ASSIGN_OR_RETURN(launch.mounts, MountsOf(plan, role, container, container_path, places));
  for (std::size_t i = 0; i < pod.init_containers.size(); ++i) {
    const std::string init_path = path + ".initContainers[" + std::to_string(i) + "]";
    LOCKSTEP_ASSIGN_OR_RETURN(LaunchInit init,
                              InitOf(plan, role, pod.init_containers[i], init_path, places));
    launch.init.push_back(std::move(init));
  }
  return launch;
}

// Beside rank 0, after all that is started before it.
Status AddCollector(const JobPlan& plan, const VolumePlaces& places, LaunchPlan* launch) {
  if (!plan.collector_sidecar || launch->roles.empty()) return OkStatus();
  LOCKSTEP_ASSIGN_OR_RETURN(
      LaunchInit init,
      InitOf(plan, plan.spec.roles[0], plan.collector_sidecar->container, kCollectorPath, places));
  init.sidecar = true;
  init.linger = plan.collector_sidecar->linger;
  launch->roles[0].init.push_back(std::move(init));
  return OkStatus();
}

Status ResolvePod(const PodView& view, const std::string& path, const std::string& role,
                  PodSpec* pod, JobPlan* plan) {
  for (std::size_t i = 0; i < pod->volumes.size(); ++i) {
    if (!pod->volumes[i].config_map) continue;
    const std::string place = path + ".volumes[" + std::to_string(i) + "]";
    LOCKSTEP_ASSIGN_OR_RETURN(std::vector<VolumeFile> files,
                              ResolveFiles(view, place, *pod->volumes[i].config_map));
    plan->filled_volumes.push_back({role, pod->volumes[i].name, std::move(files)});
  }
  for (auto [name, containers] : {std::pair{".initContainers[", &pod->init_containers},
                                  std::pair{".containers[", &pod->containers}}) {
    for (std::size_t i = 0; i < containers->size(); ++i) {
      LOCKSTEP_RETURN_IF_ERROR(
          ResolveEnvironment(view, path + name + std::to_string(i) + "]", &(*containers)[i]));
    }
  }
  return OkStatus();
}

std::string PodPath(std::size_t role) {
  return "spec.roles[" + std::to_string(role) + "].template.spec";
}

std::string Annotation(const ObjectMeta& meta, const char* name) {
  const auto found = meta.annotations.find(name);
  return found == meta.annotations.end() ? "" : found->second;
}

}  // namespace

Result<JobPlan> MakeJobPlan(const TrainingJob& job, int generation, const std::string& node_name,
                            const ConfigMapLookup& config_maps) {
  JobPlan plan{.id = {.namespace_ = job.meta.namespace_,
                      .name = job.meta.name,
                      .uid = job.meta.uid,
                      .generation = generation},
               .spec = job.spec,
               .working_dir = Annotation(job.meta, kWorkingDirAnnotation),
               .path = Annotation(job.meta, kPathAnnotation)};
  for (std::size_t i = 0; i < plan.spec.roles.size(); ++i) {
    JobRole& role = plan.spec.roles[i];
    const PodView view{job.meta, role.pod_template.metadata, node_name, config_maps};
    LOCKSTEP_RETURN_IF_ERROR(
        ResolvePod(view, PodPath(i), role.name, &role.pod_template.spec, &plan));
  }
  if (const auto& collector = job.spec.metrics_collector; collector && collector->sidecar) {
    plan.collector_sidecar = {*collector->sidecar, std::chrono::seconds(collector->linger_seconds)};
    const PodView view{job.meta, plan.spec.roles.at(0).pod_template.metadata, node_name,
                       config_maps};
    LOCKSTEP_RETURN_IF_ERROR(
        ResolveEnvironment(view, kCollectorPath, &plan.collector_sidecar->container));
  }
  return plan;
}

Result<LaunchPlan> MakeLaunchPlan(const JobPlan& plan, const VolumePlaces& places) {
  LaunchPlan launch;
  launch.job = plan.id.name + "-" + plan.id.uid.substr(0, 8);
  launch.generation = plan.id.generation;
  launch.job_dir = places.job_dir;
  launch.quiet = true;
  if (!plan.path.empty()) launch.env["PATH"] = plan.path;
  if (plan.spec.metrics_collector && plan.spec.metrics_collector->metrics_file) {
    launch.env["LOCKSTEP_METRICS_FILE"] = places.job_dir + "/metrics.log";
  }
  if (plan.spec.success_policy == "Rank0") {
    launch.success = SuccessRule::kRank0;
  } else if (!plan.spec.success_policy.empty() && plan.spec.success_policy != "AllRanks") {
    return InvalidArgument("spec.successPolicy: '" + plan.spec.success_policy +
                           "' is not known: use AllRanks or Rank0");
  }
  if (plan.spec.active_deadline_seconds)
    launch.deadline = std::min(std::chrono::seconds(*plan.spec.active_deadline_seconds), kForever);
  if (plan.spec.grace_period_seconds)
    launch.grace = std::min(std::chrono::seconds(*plan.spec.grace_period_seconds), kForever);
  for (std::size_t i = 0; i < plan.spec.roles.size(); ++i) {
    LOCKSTEP_ASSIGN_OR_RETURN(LaunchRole role,
                              RoleOf(plan, plan.spec.roles[i], PodPath(i), places));
    launch.roles.push_back(std::move(role));
  }
  LOCKSTEP_RETURN_IF_ERROR(AddCollector(plan, places, &launch));
  const Status status = CheckLaunchPlan(launch);
  if (!status.ok()) return status.WithContext("TrainingJob " + plan.id.name);
  return launch;
}

}  // namespace lockstep
