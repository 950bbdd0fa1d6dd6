#include "operators/backend/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "launcher/local_file.h"
#include "launcher/rank_tokens.h"
#include "launcher/unique_fd.h"
#include "operators/backend/pod_path.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::string FilledPath(const VolumePlaces& places, const std::string& role,
                       const std::string& volume) {
  return places.job_dir + "/volumes/role-" + role + "/" + volume;
}

const std::string& LocalText(const InlineFile& file) {
  return file.local_text ? *file.local_text : file.text;
}

unsigned ModeOf(const InlineFile& file) {
  return file.mode ? static_cast<unsigned>(*file.mode) : 0644U;
}

bool DiffersByRank(const Volume& volume) {
  return std::ranges::any_of(volume.inline_files,
                             [](const InlineFile& file) { return HasTokens(LocalText(file)); });
}

// As LaunchMount::source has it.
std::string SourceOf(const JobPlan& plan, const JobRole& role, const Volume& volume,
                     const VolumePlaces& places) {
  if (volume.host_path) return volume.host_path->path;
  if (volume.config_map || volume.secret ||
      (!volume.inline_files.empty() && !DiffersByRank(volume))) {
    return FilledPath(places, role.name, volume.name);
  }
  if (volume.claim) {
    return places.volumes_dir + "/" + plan.id.namespace_ + "/" + volume.claim->claim_name;
  }
  return volume.name;
}

const Volume* FindVolume(const JobRole& role, const std::string& name) {
  const auto& volumes = role.pod_template.spec.volumes;
  const auto found = std::ranges::find(volumes, name, &Volume::name);
  return found == volumes.end() ? nullptr : &*found;
}

// What Secrets and ConfigMaps hold is for the programs of the job alone, whatever the modes of the
// files are: who runs as somebody else in it sees them at their mountPath.
Status MakeFilledFolder(const VolumePlaces& places, const std::string& role,
                        const std::string& volume) {
  const std::string own = FilledPath(places, role, volume);
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(fs::path(own).parent_path().parent_path()));
  const std::string of_role = fs::path(own).parent_path();
  if (mkdir(of_role.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus("make the folder " + of_role, errno);
  }
  return MakeFolder(own);
}

// In one step, so that a program that reads it sees all of it.
Status WriteFile(const std::string& path, const VolumeFile& file) {
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(fs::path(path).parent_path()));
  const std::string temporary = path + ".new";
  {
    const UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.valid()) return ErrnoStatus("open " + temporary, errno);
    LOCKSTEP_RETURN_IF_ERROR(WriteAll(fd.get(), file.bytes, temporary));
    if (fchmod(fd.get(), file.mode) != 0) return ErrnoStatus("set the mode of " + temporary, errno);
  }
  return rename(temporary.c_str(), path.c_str()) == 0 ? OkStatus()
                                                      : ErrnoStatus("rename " + path, errno);
}

// What Kubernetes calls the types of host paths.
std::string TypeOf(mode_t mode) {
  if (S_ISDIR(mode)) return "Directory";
  if (S_ISREG(mode)) return "File";
  if (S_ISSOCK(mode)) return "Socket";
  if (S_ISCHR(mode)) return "CharDevice";
  return S_ISBLK(mode) ? "BlockDevice" : "something else";
}

Status PrepareHostPath(const HostPathVolume& host, const std::string& path) {
  const std::string& type = host.type;
  struct stat file{};
  if (stat(host.path.c_str(), &file) == 0) {
    const std::string found = TypeOf(file.st_mode);
    if (type.empty() || type == found || type == found + "OrCreate") return OkStatus();
    return InvalidArgument(path + ".hostPath: " + host.path + " is to be a " + type + " and is a " +
                           found + ": change its type or its path");
  }
  // As the runtimes of containers do, where nothing is said.
  if (type.empty() || type == "DirectoryOrCreate") {
    return MakeFolder(host.path).WithContext(path + ".hostPath");
  }
  if (type != "FileOrCreate") {
    return InvalidArgument(path + ".hostPath: " + host.path + " is to be a " + type +
                           " and is not there: make it, or write type: " +
                           (type == "File" ? "FileOrCreate" : "DirectoryOrCreate"));
  }
  const UniqueFd fd(open(host.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return fd.valid() ? OkStatus()
                    : ErrnoStatus(path + ".hostPath: make the file " + host.path, errno);
}

Status PrepareInlineFiles(const JobRole& role, const Volume& volume, const VolumePlaces& places) {
  if (volume.inline_files.empty() || DiffersByRank(volume)) return OkStatus();
  LOCKSTEP_RETURN_IF_ERROR(MakeFilledFolder(places, role.name, volume.name));
  for (const InlineFile& file : volume.inline_files) {
    LOCKSTEP_RETURN_IF_ERROR(WriteFile(FilledPath(places, role.name, volume.name) + "/" + file.path,
                                       {file.path, LocalText(file), ModeOf(file)}));
  }
  return OkStatus();
}

// subPath names a folder that is made when it is not there, but in a volume of files.
Status PrepareSubPaths(const JobPlan& plan, const JobRole& role, const Container& container,
                       const VolumePlaces& places) {
  for (const VolumeMount& mount : container.volume_mounts) {
    const Volume* volume = FindVolume(role, mount.name);
    if (volume == nullptr || mount.sub_path.empty()) continue;
    if (!volume->host_path && !volume->claim) continue;
    const std::string path = SourceOf(plan, role, *volume, places) + "/" + mount.sub_path;
    if (access(path.c_str(), F_OK) == 0) continue;
    LOCKSTEP_RETURN_IF_ERROR(MakeFolder(path));
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<LaunchMount>> MountsOf(const JobPlan& plan, const JobRole& role,
                                          const Container& container, const std::string& path,
                                          const VolumePlaces& places) {
  std::vector<LaunchMount> mounts;
  for (std::size_t i = 0; i < container.volume_mounts.size(); ++i) {
    const VolumeMount& mount = container.volume_mounts[i];
    const Volume* volume = FindVolume(role, mount.name);
    if (volume == nullptr) {
      return InvalidArgument(path + ".volumeMounts[" + std::to_string(i) +
                             "].name: there is no volume \"" + mount.name + "\"");
    }
    LaunchMount& launch = mounts.emplace_back();
    launch.path = mount.mount_path;
    launch.source = SourceOf(plan, role, *volume, places);
    if (!mount.sub_path.empty()) launch.source += "/" + mount.sub_path;
    launch.read_only = mount.read_only || volume->config_map || volume->secret ||
                       !volume->inline_files.empty() || (volume->claim && volume->claim->read_only);
  }
  return mounts;
}

std::vector<LaunchFile> RankFilesOf(const JobRole& role) {
  std::vector<LaunchFile> files;
  for (const Volume& volume : role.pod_template.spec.volumes) {
    if (!DiffersByRank(volume)) continue;
    for (const InlineFile& file : volume.inline_files) {
      files.push_back(
          {volume.name + "/" + file.path, LocalText(file), static_cast<int>(ModeOf(file))});
    }
  }
  return files;
}

Status PrepareRankFolders(const JobPlan& plan, const VolumePlaces& places) {
  int rank = 0;
  for (const JobRole& role : plan.spec.roles) {
    if (role.host_only) continue;
    const PodSpec& pod = role.pod_template.spec;
    for (int i = 0; i < role.replicas; ++i, ++rank) {
      const std::string own = places.job_dir + "/volumes/rank-" + std::to_string(rank) + "/";
      for (const auto* containers : {&pod.init_containers, &pod.containers}) {
        for (const Container& container : *containers) {
          for (const VolumeMount& mount : container.volume_mounts) {
            const Volume* volume = FindVolume(role, mount.name);
            if (volume == nullptr) continue;
            const std::string source = SourceOf(plan, role, *volume, places);
            if (source.starts_with('/') || DiffersByRank(*volume)) continue;
            LOCKSTEP_RETURN_IF_ERROR(MakeFolder(own + source + "/" + mount.sub_path));
          }
        }
      }
    }
  }
  return OkStatus();
}

Status PrepareVolumes(const JobPlan& plan, const VolumePlaces& places) {
  for (const FilledVolume& filled : plan.filled_volumes) {
    const std::string folder = FilledPath(places, filled.role, filled.volume);
    LOCKSTEP_RETURN_IF_ERROR(MakeFilledFolder(places, filled.role, filled.volume));
    for (const VolumeFile& file : filled.files) {
      LOCKSTEP_RETURN_IF_ERROR(WriteFile(folder + "/" + file.path, file));
    }
  }
  for (std::size_t r = 0; r < plan.spec.roles.size(); ++r) {
    const JobRole& role = plan.spec.roles[r];
    if (role.host_only) continue;
    const PodSpec& pod = role.pod_template.spec;
    const std::string path = PodPath(plan.spec, r) + ".volumes[";
    for (std::size_t i = 0; i < pod.volumes.size(); ++i) {
      const Volume& volume = pod.volumes[i];
      if (volume.claim) LOCKSTEP_RETURN_IF_ERROR(MakeFolder(SourceOf(plan, role, volume, places)));
      LOCKSTEP_RETURN_IF_ERROR(PrepareInlineFiles(role, volume, places));
      if (!volume.host_path) continue;
      LOCKSTEP_RETURN_IF_ERROR(PrepareHostPath(*volume.host_path, path + std::to_string(i) + "]"));
    }
    for (const auto* containers : {&pod.init_containers, &pod.containers}) {
      for (const Container& container : *containers) {
        LOCKSTEP_RETURN_IF_ERROR(PrepareSubPaths(plan, role, container, places));
      }
    }
  }
  return OkStatus();
}

}  // namespace lockstep
