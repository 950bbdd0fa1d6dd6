// Jobs as processes of this machine: one `lockstep run --plan` for each generation, which outlives
// the operator and is found again by its job directory:
// <state>/jobs/<namespace>/<job>-<first 8 of uid>/<generation>/.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "operators/backend/job_backend.h"

namespace lockstep {

struct LocalBackendOptions {
  std::string jobs_dir;     // absolute: <state>/jobs
  std::string lockstep;     // absolute path of the lockstep binary
  std::string volumes_dir;  // absolute: <state>/volumes, for persistentVolumeClaims
  std::map<std::string, std::string> image_map = {};  // IMAGE -> root file system, or "host"
  bool podman = false;  // programs of images that are not in the map run in its containers
};

std::unique_ptr<JobBackend> MakeLocalBackend(LocalBackendOptions options);

// Where the job directory of `id` is.
std::string LocalJobDir(const std::string& jobs_dir, const JobId& id);

}  // namespace lockstep
