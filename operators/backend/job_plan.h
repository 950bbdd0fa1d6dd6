// TrainingJob -> JobPlan -> LaunchPlan: what is to run, decided before anything does. Pure.
#pragma once

#include <string>

#include "launcher/launch_plan.h"
#include "operators/backend/container_image.h"
#include "operators/backend/job_backend.h"
#include "operators/backend/resolved_container.h"
#include "operators/backend/volumes.h"

namespace lockstep {

// The plan of `generation` of `job`; working directory and PATH from its annotations
// (operators/api/meta.h). `node_name`: this machine's. NotFound names the field and the ConfigMap
// or Secret, or the key in it, that the job cannot start without; what a lookup fails with.
Result<JobPlan> MakeJobPlan(const TrainingJob& job, int generation, const std::string& node_name,
                            const ConfigMapLookup& config_maps, const SecretLookup& secrets = {});

// For processes on this machine. Commands, arguments and environment are expanded as Kubernetes
// does: $(NAME) is the container's variable NAME, $$ is $, and what is not defined stays as it is.
// An init container's own variables, directory and mounts hold for its command alone; one with
// restartPolicy Always is a sidecar, and so is every container but the first: beside each rank.
// Roles that are hostOnly are not started. InvalidArgument names the field, from spec on.
Result<LaunchPlan> MakeLaunchPlan(const JobPlan& plan, const VolumePlaces& places,
                                  const ImageRules& images = {});

}  // namespace lockstep
