#include "launcher/launch_plan.h"

#include <algorithm>
#include <array>
#include <set>

#include "launcher/rank_tokens.h"

namespace lockstep {
namespace {

constexpr int kRanksMax = 4096;
constexpr std::chrono::hours kDurationMax{24 * 3650};

// What the launcher sets for each rank: a plan that sets one too contradicts itself.
constexpr std::array<std::string_view, 10> kOwnVariables = {
    "LOCKSTEP_JOB",        "LOCKSTEP_GENERATION",       "LOCKSTEP_RANK",      "LOCKSTEP_WORLD_SIZE",
    "LOCKSTEP_LOCAL_RANK", "LOCKSTEP_LOCAL_WORLD_SIZE", "LOCKSTEP_NODE_RANK", "LOCKSTEP_NODES",
    "LOCKSTEP_JOB_DIR",    "LOCKSTEP_JOB_TAG"};
// And under RankVariables::kAll.
constexpr std::array<std::string_view, 6> kForeignVariables = {
    "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "NODE_RANK", "GROUP_RANK"};

Status CheckText(const std::string& field, const std::string& text) {
  if (text.find('\0') == std::string::npos) return OkStatus();
  return InvalidArgument(field + ": contains a NUL character, which no process can be given");
}

bool IsOwn(std::string_view name, RankVariables variables) {
  if (std::ranges::find(kOwnVariables, name) != kOwnVariables.end()) return true;
  return variables == RankVariables::kAll &&
         std::ranges::find(kForeignVariables, name) != kForeignVariables.end();
}

Status CheckEnv(const std::string& field, const std::map<std::string, std::string>& env,
                RankVariables variables) {
  for (const auto& [name, value] : env) {
    if (name.empty() || name.find('=') != std::string::npos) {
      return InvalidArgument(field + ": '" + name + "' is no name of an environment variable");
    }
    if (IsOwn(name, variables)) {
      return InvalidArgument(field + "." + name +
                             ": is set by the launcher for each rank; remove it");
    }
    LOCKSTEP_RETURN_IF_ERROR(CheckText(field + "." + name, name + value));
  }
  return OkStatus();
}

Status CheckCommand(const std::string& field, const std::vector<std::string>& command) {
  if (command.empty() || command[0].empty()) {
    return InvalidArgument(field + ": names no program");
  }
  for (std::size_t i = 0; i < command.size(); ++i) {
    LOCKSTEP_RETURN_IF_ERROR(CheckText(field + "[" + std::to_string(i) + "]", command[i]));
  }
  return OkStatus();
}

Status CheckDuration(const std::string& field, std::chrono::milliseconds value) {
  if (value.count() >= 0 && value <= kDurationMax) return OkStatus();
  return InvalidArgument(field + ": is " + std::to_string(value.count()) +
                         " ms, must be 0 to ten years");
}

// The launcher tells podman more than the plan does.
Status CheckContainer(const std::string& field, bool container,
                      const std::vector<std::string>& command) {
  if (!container || (command.size() > 2 && command[0] == "podman" && command[1] == "run")) {
    return OkStatus();
  }
  return InvalidArgument(field + ": must begin with podman run: it starts a container");
}

bool LeavesItsFolder(std::string_view path) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

Status CheckMounts(const std::string& field, const std::vector<LaunchMount>& mounts) {
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const std::string place = field + "[" + std::to_string(i) + "]";
    const LaunchMount& mount = mounts[i];
    LOCKSTEP_RETURN_IF_ERROR(CheckText(place, mount.path + mount.source));
    if (!mount.path.starts_with('/') || LeavesItsFolder(mount.path) ||
        mount.path.find_first_not_of('/') == std::string::npos) {
      return InvalidArgument(place + ".path: '" + mount.path +
                             "' must be an absolute path without .. below the root");
    }
    if (mount.source.empty() || (mount.source[0] != '/' && LeavesItsFolder(mount.source))) {
      return InvalidArgument(place + ".source: '" + mount.source +
                             "' must be an absolute path, or one inside the rank's own folder");
    }
  }
  return OkStatus();
}

Status CheckRoot(const std::string& field, const std::string& root) {
  LOCKSTEP_RETURN_IF_ERROR(CheckText(field, root));
  if (root.empty() || (root[0] == '/' && !LeavesItsFolder(root))) return OkStatus();
  return InvalidArgument(field + ": '" + root + "' must be an absolute path without ..");
}

Status CheckHostNames(const std::string& field, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty() && names[i].find_first_of(" \t\r\n#\0") == std::string::npos) continue;
    return InvalidArgument(field + "[" + std::to_string(i) + "]: '" + names[i] +
                           "' is no name of a host");
  }
  return OkStatus();
}

Status CheckFiles(const std::string& field, const std::vector<LaunchFile>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string place = field + "[" + std::to_string(i) + "]";
    const LaunchFile& file = files[i];
    LOCKSTEP_RETURN_IF_ERROR(CheckText(place + ".path", file.path));
    if (file.path.empty() || file.path[0] == '/' || LeavesItsFolder(file.path)) {
      return InvalidArgument(place + ".path: '" + file.path +
                             "' must be a path inside the rank's own folder");
    }
    if (file.mode < 0 || file.mode > 07777) {
      return InvalidArgument(place + ".mode: is " + std::to_string(file.mode) +
                             ", must be 0 to 4095 (07777)");
    }
  }
  return OkStatus();
}

// `sidecars`: the names that are taken. Those beside each rank have logs of their own for each.
Status CheckInit(const std::string& field, const LaunchInit& init, RankVariables variables,
                 std::set<std::string>* sidecars) {
  LOCKSTEP_RETURN_IF_ERROR(CheckCommand(field + ".command", init.command));
  LOCKSTEP_RETURN_IF_ERROR(CheckContainer(field + ".command", init.container, init.command));
  LOCKSTEP_RETURN_IF_ERROR(CheckText(field + ".working_dir", init.working_dir));
  LOCKSTEP_RETURN_IF_ERROR(CheckEnv(field + ".env", init.env, variables));
  LOCKSTEP_RETURN_IF_ERROR(CheckRoot(field + ".root", init.root));
  LOCKSTEP_RETURN_IF_ERROR(CheckMounts(field + ".mounts", init.mounts));
  LOCKSTEP_RETURN_IF_ERROR(CheckDuration(field + ".linger_ms", init.linger));
  LOCKSTEP_RETURN_IF_ERROR(CheckText(field + ".name", init.name));
  if (!init.sidecar) return OkStatus();
  if (init.name.empty() || init.name.find('/') != std::string::npos ||
      (init.name.starts_with("rank-") && !init.every_rank) || !sidecars->insert(init.name).second) {
    return InvalidArgument(field + ".name: '" + init.name +
                           "' names the sidecar's log: it must not be empty, hold a /, begin with "
                           "rank-, be merged or launcher, or be there twice");
  }
  return OkStatus();
}

Status CheckRole(const std::string& field, const LaunchRole& role, RankVariables variables,
                 std::set<std::string>* sidecars) {
  std::set<std::string> beside_each;
  if (role.name.empty()) return InvalidArgument(field + ".name: is empty");
  if (role.name.find('/') != std::string::npos) {
    return InvalidArgument(field + ".name: '" + role.name + "' must not hold a /");
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckText(field + ".name", role.name));
  if (role.ranks < 1 || role.ranks > kRanksMax) {
    return InvalidArgument(field + ".ranks: is " + std::to_string(role.ranks) + ", must be 1 to " +
                           std::to_string(kRanksMax));
  }
  for (std::size_t i = 0; i < role.init.size(); ++i) {
    LOCKSTEP_RETURN_IF_ERROR(CheckInit(field + ".init[" + std::to_string(i) + "]", role.init[i],
                                       variables,
                                       role.init[i].every_rank ? &beside_each : sidecars));
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckCommand(field + ".command", role.command));
  LOCKSTEP_RETURN_IF_ERROR(CheckContainer(field + ".command", role.container, role.command));
  LOCKSTEP_RETURN_IF_ERROR(CheckText(field + ".working_dir", role.working_dir));
  LOCKSTEP_RETURN_IF_ERROR(CheckMounts(field + ".mounts", role.mounts));
  LOCKSTEP_RETURN_IF_ERROR(CheckHostNames(field + ".host_names", role.host_names));
  LOCKSTEP_RETURN_IF_ERROR(CheckRoot(field + ".root", role.root));
  LOCKSTEP_RETURN_IF_ERROR(CheckFiles(field + ".files", role.files));
  if (role.port < 0 || role.port > 65535) {
    return InvalidArgument(field + ".port: is " + std::to_string(role.port) +
                           ", must be 1 to 65535, or 0 for none");
  }
  return CheckEnv(field + ".env", role.env, variables);
}

Status CheckLentHosts(const LaunchPlan& plan, std::set<std::string_view> names) {
  for (std::size_t i = 0; i < plan.lent_hosts.size(); ++i) {
    const LentHosts& lent = plan.lent_hosts[i];
    const std::string field = "lent_hosts[" + std::to_string(i) + "]";
    LOCKSTEP_RETURN_IF_ERROR(CheckHostNames(field + ".host_names", lent.host_names));
    if (lent.role.empty() || !names.insert(lent.role).second) {
      return InvalidArgument(field + ".role: '" + lent.role + "' is empty, or there twice");
    }
    if (lent.count < 0 || lent.count > kRanksMax) {
      return InvalidArgument(field + ".count: is " + std::to_string(lent.count) +
                             ", must be 0 to " + std::to_string(kRanksMax));
    }
  }
  return OkStatus();
}

}  // namespace

int LaunchPlan::world_size() const {
  int size = 0;
  for (const LaunchRole& role : roles) size += role.ranks;
  return size;
}

Status CheckLaunchPlan(const LaunchPlan& plan) {
  if (plan.job.empty()) return InvalidArgument("job: is empty");
  LOCKSTEP_RETURN_IF_ERROR(CheckText("job", plan.job));
  LOCKSTEP_RETURN_IF_ERROR(CheckText("job_dir", plan.job_dir));
  if (plan.generation < 0) {
    return InvalidArgument("generation: is " + std::to_string(plan.generation) +
                           ", must not be negative");
  }
  if (plan.roles.empty()) return InvalidArgument("roles: is empty, so nothing would run");
  std::set<std::string_view> names;
  std::set<std::string> sidecars = {"merged", "launcher"};  // logs that are there anyway
  for (std::size_t i = 0; i < plan.roles.size(); ++i) {
    const std::string field = "roles[" + std::to_string(i) + "]";
    LOCKSTEP_RETURN_IF_ERROR(CheckRole(field, plan.roles[i], plan.rank_variables, &sidecars));
    if (!names.insert(plan.roles[i].name).second) {
      return InvalidArgument(field + ".name: '" + plan.roles[i].name + "' is there twice");
    }
  }
  if (plan.world_size() > kRanksMax) {
    return InvalidArgument("roles: have " + std::to_string(plan.world_size()) +
                           " ranks together, more than " + std::to_string(kRanksMax));
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckLentHosts(plan, names));
  LOCKSTEP_RETURN_IF_ERROR(CheckEnv("env", plan.env, plan.rank_variables));
  LOCKSTEP_RETURN_IF_ERROR(CheckDuration("grace_ms", plan.grace));
  LOCKSTEP_RETURN_IF_ERROR(CheckDuration("deadline_ms", plan.deadline));
  return PortsOf(plan).status();
}

}  // namespace lockstep
