#include "launcher/rank_programs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "launcher/hosts_file.h"
#include "launcher/job_dir.h"
#include "launcher/local_file.h"
#include "launcher/master_port.h"
#include "launcher/podman_container.h"
#include "launcher/run_identity.h"
#include "launcher/unique_fd.h"

namespace lockstep {
namespace {

Status WriteFile(const std::string& path, std::string_view text, int mode) {
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(std::filesystem::path(path).parent_path()));
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus("open " + path, errno);
  LOCKSTEP_RETURN_IF_ERROR(WriteAll(fd.get(), text, path));
  if (fchmod(fd.get(), static_cast<mode_t>(mode)) != 0) {
    return ErrnoStatus("set the mode of " + path, errno);
  }
  return OkStatus();
}

bool ShowsOwnHosts(const std::vector<LaunchMount>& mounts) {
  return std::ranges::any_of(mounts, [](const LaunchMount& mount) {
    std::string path = std::filesystem::path(mount.path).lexically_normal();
    if (path.ends_with('/')) path.pop_back();
    return path == kHostsPath;
  });
}

// Whether some program sees a hosts file that is a volume's.
bool HasOwnHosts(const LaunchPlan& plan) {
  return std::ranges::any_of(plan.roles, [](const LaunchRole& role) {
    return ShowsOwnHosts(role.mounts) || std::ranges::any_of(role.init, [](const LaunchInit& init) {
             return ShowsOwnHosts(init.mounts);
           });
  });
}

// What comes from the launcher's own environment is left alone: it is no text of the plan.
Status Replace(const TokenValues& values, Program* program, Environment* written) {
  for (std::string& word : program->command) {
    LOCKSTEP_ASSIGN_OR_RETURN(word, ReplaceTokens(word, values));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(program->working_dir, ReplaceTokens(program->working_dir, values));
  for (auto& [name, value] : *written) {
    // What the launcher has set for the rank instead, its devices, say, stays.
    std::string& given = program->env[name];
    if (given == value) {
      LOCKSTEP_ASSIGN_OR_RETURN(given, ReplaceTokens(value, values));
    }
    value = given;  // as it is known where paths are written anew
  }
  return OkStatus();
}

}  // namespace

RankPrograms::RankPrograms(const LaunchPlan& plan, RunIdentity run, PortLeases* leases)
    : plan_(plan),
      run_(std::move(run)),
      leases_(leases),
      launcher_env_(OwnEnvironment()),
      mounts_(run_.job_dir, launcher_env_) {}

Status RankPrograms::Prepare() {
  LOCKSTEP_RETURN_IF_ERROR(
      CheckMasterPort(plan_, launcher_env_.contains(kJobTagVariable), leases_));
  LOCKSTEP_ASSIGN_OR_RETURN(ports_, LeasePorts(plan_, leases_));
  notes_.insert(notes_.end(), ports_.notes.begin(), ports_.notes.end());
  if (HasHostNames(plan_)) LOCKSTEP_RETURN_IF_ERROR(NameHosts());
  return WriteFiles();
}

Status RankPrograms::NameHosts() {
  const bool needs_file = std::ranges::any_of(plan_.roles, [](const LaunchRole& role) {
    return !role.container ||
           std::ranges::any_of(role.init, [](const LaunchInit& init) { return !init.container; });
  });
  const bool own_hosts = HasOwnHosts(plan_);
  hosts_named_ = !own_hosts && (!needs_file || mounts_.CanMount());
  mount_hosts_ = needs_file && hosts_named_;
  if (!hosts_named_) {
    const std::string why =
        own_hosts ? std::string("a volume is at ") + kHostsPath : mounts_.why_not();
    notes_.push_back("the host names of the job cannot be made known to its programs (" + why +
                     "): they are told 127.0.0.1 instead");
  }
  if (!mount_hosts_) return OkStatus();
  const Result<std::string> machine = ReadLocalFile(kHostsPath);  // some machine does without
  return WriteFile(JobDir(run_.job_dir).hosts_path(),
                   HostsText(machine.ok() ? *machine : "", plan_), 0644);
}

Status RankPrograms::WriteFiles() const {
  int rank = 0;
  for (const LaunchRole& role : plan_.roles) {
    for (int i = 0; i < role.ranks; ++i, ++rank) {
      for (const LaunchFile& file : role.files) {
        LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, ReplaceTokens(file.text, ValuesOf(rank)));
        LOCKSTEP_RETURN_IF_ERROR(
            WriteFile(run_.job_dir + "/volumes/rank-" + std::to_string(rank) + "/" + file.path,
                      text, file.mode));
      }
    }
  }
  return OkStatus();
}

TokenValues RankPrograms::ValuesOf(int rank) const {
  return {.rank = rank,
          .index = PlaceOfRank(plan_, rank).rank_in_role,
          .host =
              [this](std::string_view role, int index) {
                const std::string name = hosts_named_ ? HostOf(plan_, role, index) : "";
                return name.empty() ? "127.0.0.1" : name;
              },
          .port = [this](std::string_view role,
                         int index) { return ports_.ports.at({std::string(role), index}); }};
}

Result<Program> RankPrograms::OfRank(int rank) {
  const LaunchRole& role = *PlaceOfRank(plan_, rank).role;
  return Finish({role.command, RankEnvironment(plan_, run_, rank, launcher_env_), role.working_dir},
                role.env, {role.mounts, role.root, role.container, rank});
}

Result<Program> RankPrograms::Beside(const LaunchRole& role, const LaunchInit& init, int rank) {
  Program program{init.command, RankEnvironment(plan_, run_, rank, launcher_env_),
                  init.working_dir.empty() ? role.working_dir : init.working_dir};
  Environment written = role.env;
  for (const auto& [name, value] : init.env) program.env[name] = written[name] = value;
  return Finish(std::move(program), std::move(written),
                {init.mounts, init.root, init.container, rank});
}

Result<Program> RankPrograms::Finish(Program program, Environment written, const Place& place) {
  const TokenValues values = ValuesOf(place.rank);
  for (const auto& [name, value] : plan_.env) {
    if (written.contains(name) || program.env[name] != value) continue;
    LOCKSTEP_ASSIGN_OR_RETURN(program.env[name], ReplaceTokens(value, values));
  }
  LOCKSTEP_RETURN_IF_ERROR(Replace(values, &program, &written));
  std::vector<LaunchMount> mounts = place.mounts;
  if (mount_hosts_ && !place.container) {
    mounts.push_back({kHostsPath, JobDir(run_.job_dir).hosts_path(), true});
  }
  if (place.container) {
    const LaunchRole& role = *PlaceOfRank(plan_, place.rank).role;
    const bool has_devices = static_cast<std::size_t>(values.index) < role.devices.size();
    LOCKSTEP_RETURN_IF_ERROR(
        PrepareContainer(JobDir(run_.job_dir), containers_++, has_devices, &program));
  }
  if (!place.root.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(mounts_.GiveRoot(place.root, std::move(mounts), place.rank, &program));
  } else {
    LOCKSTEP_RETURN_IF_ERROR(mounts_.Give(mounts, place.rank, written, &program));
  }
  if (std::string warning = mounts_.TakeWarning(); !warning.empty()) {
    notes_.push_back(std::move(warning));
  }
  return program;
}

}  // namespace lockstep
