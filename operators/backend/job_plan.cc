#include "operators/backend/job_plan.h"

#include <algorithm>

#include "operators/backend/variable_expansion.h"

namespace lockstep {
namespace {

// A century: seconds that still fit in a clock's nanoseconds after any date.
constexpr std::chrono::seconds kForever = std::chrono::hours(24) * 365 * 100;

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

// The launcher gives the init commands the role's surroundings; env(1) gives them their own.
Result<std::vector<std::string>> InitCommandOf(const Container& container,
                                               const std::string& path) {
  const Environment env = ExpandedEnv(container.env);
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<std::string> command, CommandOf(container, env, path));
  if (env.empty() && container.working_dir.empty()) return command;
  std::vector<std::string> wrapped = {"env"};
  if (!container.working_dir.empty()) wrapped.push_back("--chdir=" + container.working_dir);
  for (const auto& [name, value] : env) wrapped.push_back(name + "=" + value);
  wrapped.insert(wrapped.end(), command.begin(), command.end());
  return wrapped;
}

Result<LaunchRole> RoleOf(const JobRole& role, const std::string& working_dir,
                          const std::string& path) {
  const PodSpec& pod = role.pod_template.spec;
  if (pod.containers.size() != 1) {
    return InvalidArgument(path + ".containers: has " + std::to_string(pod.containers.size()) +
                           " containers, must have one: the program of a rank");
  }
  const Container& container = pod.containers[0];
  LaunchRole launch;
  launch.name = role.name;
  launch.ranks = role.replicas;
  launch.env = ExpandedEnv(container.env);
  launch.working_dir = container.working_dir.empty() ? working_dir : container.working_dir;
  LOCKSTEP_ASSIGN_OR_RETURN(launch.command,
                            CommandOf(container, launch.env, path + ".containers[0]"));
  for (std::size_t i = 0; i < pod.init_containers.size(); ++i) {
    LOCKSTEP_ASSIGN_OR_RETURN(
        auto command,
        InitCommandOf(pod.init_containers[i], path + ".initContainers[" + std::to_string(i) + "]"));
    launch.init_commands.push_back(std::move(command));
  }
  return launch;
}

std::string Annotation(const ObjectMeta& meta, const char* name) {
  const auto found = meta.annotations.find(name);
  return found == meta.annotations.end() ? "" : found->second;
}

}  // namespace

JobPlan MakeJobPlan(const TrainingJob& job, int generation) {
  return {.id = {.namespace_ = job.meta.namespace_,
                 .name = job.meta.name,
                 .uid = job.meta.uid,
                 .generation = generation},
          .spec = job.spec,
          .working_dir = Annotation(job.meta, kWorkingDirAnnotation),
          .path = Annotation(job.meta, kPathAnnotation)};
}

Result<LaunchPlan> MakeLaunchPlan(const JobPlan& plan, const std::string& job_dir) {
  LaunchPlan launch;
  launch.job = plan.id.name + "-" + plan.id.uid.substr(0, 8);
  launch.generation = plan.id.generation;
  launch.job_dir = job_dir;
  launch.quiet = true;
  if (!plan.path.empty()) launch.env["PATH"] = plan.path;
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
    const std::string path = "spec.roles[" + std::to_string(i) + "].template.spec";
    LOCKSTEP_ASSIGN_OR_RETURN(LaunchRole role, RoleOf(plan.spec.roles[i], plan.working_dir, path));
    launch.roles.push_back(std::move(role));
  }
  const Status status = CheckLaunchPlan(launch);
  if (!status.ok()) return status.WithContext("TrainingJob " + plan.id.name);
  return launch;
}

}  // namespace lockstep
