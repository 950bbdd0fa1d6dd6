// Containers that programs of a job run in. podman keeps them outside of the job's process groups:
// whoever ends the job without podman's help removes them by the ids that were written down.
#pragma once

#include <chrono>
#include <string>

#include "launcher/job_dir.h"
#include "launcher/launch_plan.h"
#include "launcher/process.h"
#include "runtime/base/status.h"

namespace lockstep {

// Lets `podman run ...` write its container's id to a file of the job directory, named after
// `number`. With `has_devices` it is shown those that CUDA_VISIBLE_DEVICES of the program names, by
// the names that they have in NVIDIA's CDI files; inside they are numbered from 0 on. REQUIRES: the
// command begins with `podman run`.
Status PrepareContainer(const JobDir& dir, int number, bool has_devices, Program* program);

// Where the podman of a plan is searched, in PATH's syntax; empty: in this process's PATH. Pure.
std::string SearchPathOf(const LaunchPlan& plan);

// Removes what is left of the containers of a job; does nothing where there are none. Says what
// podman did not do, or not within `bound`.
Status RemoveContainers(const JobDir& dir, const std::string& path,
                        std::chrono::milliseconds bound);

}  // namespace lockstep
