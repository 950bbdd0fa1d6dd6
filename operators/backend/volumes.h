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

// Makes what must be there before the launcher starts: the files of ConfigMaps, folders of claims,
// host paths that are to be made. InvalidArgument: a host path is not what its type says.
Status PrepareVolumes(const JobPlan& plan, const VolumePlaces& places);

}  // namespace lockstep
