// The ClusterTrainingRuntimes that Kubeflow Trainer 2.3 installs, without those for torchtune, MLX,
// Flux and its data cache. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operators/codec/json.h"

namespace lockstep {

// Its manifest; nullopt: there is none of that name.
std::optional<Json> ShippedRuntime(const std::string& name);
// "deepspeed-distributed", "jax-distributed", ...
std::vector<std::string> ShippedRuntimeNames();

}  // namespace lockstep
