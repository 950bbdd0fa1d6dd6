// Where the volumes of a job are on this machine.
#pragma once

#include <string>
#include <vector>

#include "launcher/launch_plan.h"
#include "operators/backend/job_backend.h"
#include "runtime/base/status.h"

namespace lockstep {

struct VolumePlaces {
  std::string job_dir;
  std::string volumes_dir;  // <state>/volumes: <namespace>/<claim> in it survives the job
};

// The mounts of a container of `role`. InvalidArgument names the field; `path` is the container's.
// Pure.
Result<std::vector<LaunchMount>> MountsOf(const JobPlan& plan, const JobRole& role,
                                          const Container& container, const std::string& path,
                                          const VolumePlaces& places);

// The inline files of a role that differ from rank to rank (they hold tokens); the launcher writes
// them, into the rank's own folder. Pure.
std::vector<LaunchFile> RankFilesOf(const JobRole& role);

// Makes what must be there before the launcher starts: the files of ConfigMaps and inline ones,
// folders of claims, host paths that are to be made. InvalidArgument: a host path is not what its
// type says.
Status PrepareVolumes(const JobPlan& plan, const VolumePlaces& places);

// The ranks' own folders, for containers that are to be shown them: the launcher makes only those
// that it mounts itself.
Status PrepareRankFolders(const JobPlan& plan, const VolumePlaces& places);

}  // namespace lockstep
