// TrainingJob -> JobPlan -> LaunchPlan: what is to run, decided before anything does. Pure.
#pragma once

#include <string>

#include "launcher/launch_plan.h"
#include "operators/backend/job_backend.h"

namespace lockstep {

// The plan of `generation` of `job`; working directory and PATH from its annotations
// (operators/api/meta.h).
JobPlan MakeJobPlan(const TrainingJob& job, int generation);

// For processes on this machine. Commands, arguments and environment are expanded as Kubernetes
// does: $(NAME) is the container's variable NAME, $$ is $, and what is not defined stays as it is.
// An init container's own variables and directory hold for its command alone. InvalidArgument names
// the field, from spec on.
Result<LaunchPlan> MakeLaunchPlan(const JobPlan& plan, const std::string& job_dir);

}  // namespace lockstep
