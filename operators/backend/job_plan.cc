#include "operators/backend/job_plan.h"

#include <algorithm>

#include "launcher/rank_tokens.h"
#include "operators/api/rank_place.h"
#include "operators/backend/pod_path.h"
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

// What the programs of a plan have in common.
struct Machine {
  const JobPlan& plan;
  const VolumePlaces& places;
  const ImageRules& images;
  RankVariables rank_variables;
  int ranks;                       // of the job
  std::vector<std::string> hosts;  // all of the job, for containers
};

std::vector<std::string> Expanded(const std::vector<std::string>& words, const Environment& env) {
  std::vector<std::string> expanded;
  for (const std::string& word : words) expanded.push_back(ExpandVariables(word, env));
  return expanded;
}

// How the program of a container is started; `path` is the container's.
struct Started {
  ImagePlace place = ImagePlace::kMachine;
  std::vector<std::string> command = {};
  Environment env = {};
  std::string working_dir = {};  // empty: none is named
  std::vector<LaunchMount> mounts = {};
  std::string root = {};
  std::string image = {};  // that it runs without
};
Result<Started> Start(const Machine& machine, const JobRole& role, const Container& container,
                      const std::string& path) {
  Started start{.place = PlaceOfImage(container.image, machine.images),
                .env = ExpandedEnv(container.env),
                .working_dir = container.working_dir};
  LOCKSTEP_ASSIGN_OR_RETURN(start.mounts,
                            MountsOf(machine.plan, role, container, path, machine.places));
  std::vector<std::string> command = Expanded(container.command, start.env);
  const std::vector<std::string> args = Expanded(container.args, start.env);
  if (start.place == ImagePlace::kPodman) {
    Result<std::vector<std::string>> podman =
        PodmanCommand({container, start.env, command, args, start.mounts, machine.hosts,
                       machine.places.job_dir, machine.rank_variables});
    if (!podman.ok()) return podman.status().WithContext(path);
    start.command = *std::move(podman);
    start.mounts.clear();
    start.working_dir.clear();
    std::erase_if(start.env, [](const auto& env) { return IsReadByPodman(env.first); });
    return start;
  }
  // There is no image whose entry point could stand in for a missing command.
  if (command.empty()) {
    return InvalidArgument(path +
                           ".command: is empty; a process on this machine has no image to "
                           "take its program from: name the program");
  }
  command.insert(command.end(), args.begin(), args.end());
  start.command = std::move(command);
  if (start.place == ImagePlace::kUnmapped) start.image = container.image;
  if (start.place == ImagePlace::kRoot) {
    start.root = machine.images.map.at(container.image);
    start.env.try_emplace("PATH", kImagePath);
    if (start.working_dir.empty()) start.working_dir = "/";
  }
  return start;
}

Result<LaunchInit> InitOf(const Machine& machine, const JobRole& role, const Container& container,
                          const std::string& path) {
  LOCKSTEP_ASSIGN_OR_RETURN(Started start, Start(machine, role, container, path));
  LaunchInit init;
  init.name = container.name;
  init.sidecar = container.restart_policy == "Always";
  init.command = std::move(start.command);
  init.env = std::move(start.env);
  init.working_dir = std::move(start.working_dir);
  init.mounts = std::move(start.mounts);
  init.root = std::move(start.root);
  init.container = start.place == ImagePlace::kPodman;
  init.image = std::move(start.image);
  return init;
}

// Where the ranks are elsewhere, their directory and PATH are not for programs of this machine.
void KeepApart(const Machine& machine, const LaunchRole& role, LaunchInit* init) {
  if ((role.root.empty() && !role.container) || !init->root.empty() || init->container) return;
  if (init->working_dir.empty()) init->working_dir = machine.plan.working_dir;
  if (!machine.plan.path.empty()) init->env.try_emplace("PATH", machine.plan.path);
}

Result<RestartRule> RestartRuleOf(const std::string& policy, const std::string& path) {
  if (policy.empty() || policy == "OnFailure") return RestartRule::kOnFailure;
  if (policy == "Always") return RestartRule::kAlways;
  if (policy == "Never") return RestartRule::kNever;
  if (policy == "ExitCode") return RestartRule::kExitCode;
  return InvalidArgument(path + ".restartPolicy: '" + policy +
                         "' is not known: use OnFailure, Always, Never or ExitCode");
}

// The programs before and beside the ranks.
Status AddInit(const Machine& machine, const JobRole& role, const std::string& path,
               LaunchRole* launch) {
  const PodSpec& pod = role.pod_template.spec;
  for (std::size_t i = 0; i < pod.init_containers.size(); ++i) {
    const std::string place = path + ".initContainers[" + std::to_string(i) + "]";
    LOCKSTEP_ASSIGN_OR_RETURN(LaunchInit init,
                              InitOf(machine, role, pod.init_containers[i], place));
    if (init.sidecar) init.every_rank = machine.ranks > 1;
    KeepApart(machine, *launch, &init);
    launch->init.push_back(std::move(init));
  }
  for (std::size_t i = 1; i < pod.containers.size(); ++i) {
    const std::string place = path + ".containers[" + std::to_string(i) + "]";
    LOCKSTEP_ASSIGN_OR_RETURN(LaunchInit init, InitOf(machine, role, pod.containers[i], place));
    init.sidecar = init.every_rank = true;
    if (init.name.empty()) init.name = "container-" + std::to_string(i);
    KeepApart(machine, *launch, &init);
    launch->init.push_back(std::move(init));
  }
  return OkStatus();
}

Result<LaunchRole> RoleOf(const Machine& machine, const JobRole& role, const std::string& path) {
  const PodSpec& pod = role.pod_template.spec;
  if (pod.containers.empty()) {
    return InvalidArgument(path +
                           ".containers: has 0 containers, must have one: the program of a rank");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(Started start,
                            Start(machine, role, pod.containers[0], path + ".containers[0]"));
  LaunchRole launch;
  launch.name = role.name;
  launch.ranks = role.replicas;
  launch.env = std::move(start.env);
  launch.working_dir = std::move(start.working_dir);
  launch.command = std::move(start.command);
  launch.mounts = std::move(start.mounts);
  launch.host_names = role.host_names;
  launch.port = role.port;
  launch.root = std::move(start.root);
  launch.container = start.place == ImagePlace::kPodman;
  launch.image = std::move(start.image);
  launch.files = RankFilesOf(role);
  if (launch.working_dir.empty() && !launch.container)
    launch.working_dir = machine.plan.working_dir;
  LOCKSTEP_RETURN_IF_ERROR(AddInit(machine, role, path, &launch));
  return launch;
}

// The role in whose pods the collector runs.
std::size_t CollectorRole(const TrainingJobSpec& spec) {
  const auto place = PlaceOfRank(spec, spec.metrics_collector ? spec.metrics_collector->rank : 0);
  return place ? place->role : 0;
}

// Beside the first rank of the role, after all that is started before it.
Status AddCollector(const Machine& machine, LaunchPlan* launch) {
  const std::optional<CollectorSidecar>& collector = machine.plan.collector_sidecar;
  if (!collector || launch->roles.empty()) return OkStatus();
  const JobRole& role = machine.plan.spec.roles[CollectorRole(machine.plan.spec)];
  const auto launched = std::ranges::find(launch->roles, role.name, &LaunchRole::name);
  if (launched == launch->roles.end()) return OkStatus();
  LOCKSTEP_ASSIGN_OR_RETURN(LaunchInit init,
                            InitOf(machine, role, collector->container, kCollectorPath));
  init.sidecar = true;
  init.every_rank = false;
  init.linger = collector->linger;
  KeepApart(machine, *launched, &init);
  launched->init.push_back(std::move(init));
  return OkStatus();
}

Result<SuccessRule> SuccessRuleOf(const std::string& policy) {
  if (policy.empty() || policy == "AllRanks") return SuccessRule::kAllRanks;
  if (policy == "Rank0") return SuccessRule::kRank0;
  if (policy == "FirstRole") return SuccessRule::kFirstRole;
  if (policy == "AnyRank") return SuccessRule::kAnyRank;
  return InvalidArgument("spec.successPolicy: '" + policy +
                         "' is not known: use AllRanks, Rank0, FirstRole or AnyRank");
}

Result<RankVariables> RankVariablesOf(const std::string& environment) {
  if (environment.empty() || environment == "All") return RankVariables::kAll;
  if (environment == "Lockstep") return RankVariables::kLockstep;
  return InvalidArgument("spec.rankEnvironment: '" + environment +
                         "' is not known: use All or Lockstep");
}

// Of all ranks, also of those that are not started.
std::vector<std::string> HostNamesOf(const TrainingJobSpec& spec) {
  std::vector<std::string> hosts;
  for (const JobRole& role : spec.roles) {
    for (int i = 0; i < role.replicas; ++i) {
      for (const std::string& name : role.host_names) {
        // A token that is none is told by CheckLaunchPlan.
        Result<std::string> named = ReplaceTokens(name, {.index = i,
                                                         .host = [](auto, int) { return ""; },
                                                         .port = [](auto, int) { return 0; }});
        if (named.ok()) hosts.push_back(*std::move(named));
      }
    }
  }
  return hosts;
}

Status ResolvePod(const PodView& view, const std::string& path, const std::string& role,
                  PodSpec* pod, JobPlan* plan) {
  for (std::size_t i = 0; i < pod->volumes.size(); ++i) {
    if (!pod->volumes[i].config_map && !pod->volumes[i].secret) continue;
    const std::string place = path + ".volumes[" + std::to_string(i) + "]";
    LOCKSTEP_ASSIGN_OR_RETURN(std::vector<VolumeFile> files,
                              ResolveFiles(view, place, pod->volumes[i]));
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

std::string Annotation(const ObjectMeta& meta, const char* name) {
  const auto found = meta.annotations.find(name);
  return found == meta.annotations.end() ? "" : found->second;
}

}  // namespace

Result<JobPlan> MakeJobPlan(const TrainingJob& job, int generation, const std::string& node_name,
                            const ConfigMapLookup& config_maps, const SecretLookup& secrets) {
  JobPlan plan{.id = {.namespace_ = job.meta.namespace_,
                      .name = job.meta.name,
                      .uid = job.meta.uid,
                      .generation = generation},
               .spec = job.spec,
               .working_dir = Annotation(job.meta, kWorkingDirAnnotation),
               .path = Annotation(job.meta, kPathAnnotation)};
  for (std::size_t i = 0; i < plan.spec.roles.size(); ++i) {
    JobRole& role = plan.spec.roles[i];
    const PodView view{job.meta, role.pod_template.metadata, node_name, config_maps, secrets};
    LOCKSTEP_RETURN_IF_ERROR(
        ResolvePod(view, PodPath(plan.spec, i), role.name, &role.pod_template.spec, &plan));
  }
  if (const auto& collector = job.spec.metrics_collector; collector && collector->sidecar) {
    plan.collector_sidecar = {*collector->sidecar, std::chrono::seconds(collector->linger_seconds)};
    const PodView view{job.meta, plan.spec.roles.at(CollectorRole(job.spec)).pod_template.metadata,
                       node_name, config_maps, secrets};
    LOCKSTEP_RETURN_IF_ERROR(
        ResolveEnvironment(view, kCollectorPath, &plan.collector_sidecar->container));
  }
  return plan;
}

Result<LaunchPlan> MakeLaunchPlan(const JobPlan& plan, const VolumePlaces& places,
                                  const ImageRules& images) {
  LaunchPlan launch;
  launch.job = plan.id.name + "-" + plan.id.uid.substr(0, 8);
  launch.generation = plan.id.generation;
  launch.job_dir = places.job_dir;
  launch.quiet = true;
  if (!plan.path.empty()) launch.env["PATH"] = plan.path;
  if (plan.spec.metrics_collector && plan.spec.metrics_collector->metrics_file) {
    launch.env["LOCKSTEP_METRICS_FILE"] = places.job_dir + "/metrics.log";
  }
  LOCKSTEP_ASSIGN_OR_RETURN(launch.success, SuccessRuleOf(plan.spec.success_policy));
  LOCKSTEP_ASSIGN_OR_RETURN(launch.rank_variables, RankVariablesOf(plan.spec.rank_environment));
  if (plan.spec.active_deadline_seconds)
    launch.deadline = std::min(std::chrono::seconds(*plan.spec.active_deadline_seconds), kForever);
  if (plan.spec.grace_period_seconds)
    launch.grace = std::min(std::chrono::seconds(*plan.spec.grace_period_seconds), kForever);
  Machine machine{plan, places, images, launch.rank_variables, 0, {}};
  for (const JobRole& role : plan.spec.roles) machine.ranks += role.host_only ? 0 : role.replicas;
  if (images.podman) machine.hosts = HostNamesOf(plan.spec);
  for (std::size_t i = 0; i < plan.spec.roles.size(); ++i) {
    const JobRole& role = plan.spec.roles[i];
    if (role.host_only) {
      launch.lent_hosts.push_back({role.name, role.replicas, role.host_names});
      continue;
    }
    LOCKSTEP_ASSIGN_OR_RETURN(LaunchRole launched, RoleOf(machine, role, PodPath(plan.spec, i)));
    LOCKSTEP_ASSIGN_OR_RETURN(
        launched.restart,
        RestartRuleOf(role.restart_policy, "spec.roles[" + std::to_string(i) + "]"));
    if (i < plan.rank_devices.size()) launched.devices = plan.rank_devices[i];
    launch.roles.push_back(std::move(launched));
  }
  LOCKSTEP_RETURN_IF_ERROR(AddCollector(machine, &launch));
  const Status status = CheckLaunchPlan(launch);
  if (!status.ok()) return status.WithContext("TrainingJob " + plan.id.name);
  return launch;
}

}  // namespace lockstep
