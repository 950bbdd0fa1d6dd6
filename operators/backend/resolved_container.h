// The environment and the files of a job as plain values: what its pods name by reference is looked
// up once, so that a JobPlan needs no store.
#pragma once

#include <string>
#include <vector>

#include "operators/api/config_map.h"
#include "operators/api/secret.h"
#include "operators/api/training_job.h"
#include "operators/backend/job_backend.h"
#include "runtime/base/status.h"

namespace lockstep {

// What the references of one pod are about.
struct PodView {
  const ObjectMeta& job;
  const PodMeta& pod;
  const std::string& node_name;
  const ConfigMapLookup& config_maps;
  const SecretLookup& secrets;
};

// Makes env of envFrom and env, in Kubernetes' order: envFrom first, with keys that are no names
// left out; $ of what was looked up is doubled, so that it is not expanded. NotFound names the
// field and the ConfigMap, Secret or key that is not there and not optional. `path` is the
// container's.
Status ResolveEnvironment(const PodView& view, const std::string& path, Container* container);

// The files of a volume, in order of their paths. NotFound as above; `path` is the volume's.
// REQUIRES: it is of a ConfigMap or a Secret
Result<std::vector<VolumeFile>> ResolveFiles(const PodView& view, const std::string& path,
                                             const Volume& volume);

}  // namespace lockstep
