// What this machine has for jobs to share.
#pragma once

#include <string>
#include <vector>

#include "operators/reconcile/resource_pool.h"
#include "runtime/base/job_env.h"

namespace lockstep {

// The GPUs: those of CUDA_VISIBLE_DEVICES where that is set, else nvidia0, nvidia1, ... among
// `device_files` (the names in /dev), by their numbers from 0 on. Pure.
std::vector<std::string> GpusOf(const EnvReader& env, const std::vector<std::string>& device_files);

// GPUs as above, the cores that this process may run on, and the memory of the machine.
MachineResources ReadMachine(const EnvReader& env);

}  // namespace lockstep
