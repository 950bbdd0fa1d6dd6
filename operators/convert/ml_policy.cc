// What Kubeflow Trainer's plug-ins torch, mpi, jax and xgboost tell the ranks.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "operators/convert/quantity.h"
#include "operators/convert/train_job.h"

namespace lockstep {
namespace {

constexpr char kHost[] = "${lockstep.host:node/0}";
constexpr char kPort[] = "${lockstep.port:node/0}";
constexpr char kIndex[] = "${lockstep.index}";
constexpr double kCpuMax = 1 << 20;

bool IsGpu(std::string_view resource) {
  std::string lower(resource);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower.find("gpu") != std::string::npos;
}

// Whole units of a resource, rounded up; nullopt: it is not asked for. Limits come before requests.
std::optional<std::int64_t> Units(const Json& resources, const auto& is_wanted) {
  if (!resources.is_object()) return {};
  for (const char* const kind : {"limits", "requests"}) {
    const auto amounts = resources.find(kind);
    if (amounts == resources.end() || !amounts->is_object()) continue;
    for (const auto& [name, amount] : amounts->items()) {
      if (!is_wanted(name)) continue;
      return static_cast<std::int64_t>(
          std::ceil(std::min(QuantityOf(amount).value_or(0), kCpuMax)));
    }
  }
  return {};
}

std::int64_t GpuCount(const Json& resources) { return Units(resources, IsGpu).value_or(0); }

std::int64_t CpuCount(const Json& resources) {
  const auto units = Units(resources, [](std::string_view name) { return name == "cpu"; });
  return std::max<std::int64_t>(units.value_or(1), 1);
}

// "auto" is for torchrun to resolve where there are devices, and the CPUs asked for elsewhere.
std::string ProcessesPerNode(const PolicyInput& input) {
  Json asked = input.trainer == nullptr ? Json() : input.trainer->num_proc_per_node;
  if (const auto& torch = input.runtime.ml_policy.torch; asked.is_null() && torch) {
    asked = torch->num_proc_per_node;
  }
  if (asked.is_number_integer()) return asked.dump();
  const std::string text = asked.is_string() ? asked.get<std::string>() : "auto";
  if (text == "cpu" || (text == "auto" && GpuCount(input.resources) == 0)) {
    return std::to_string(CpuCount(input.resources));
  }
  return text;
}

std::vector<EnvVar> TorchVariables(const PolicyInput& input) {
  return {{"PET_NNODES", std::to_string(input.nodes)},
          {"PET_NPROC_PER_NODE", ProcessesPerNode(input)},
          {"PET_NODE_RANK", kIndex},
          {"PET_MASTER_ADDR", kHost},
          {"PET_MASTER_PORT", kPort}};
}

std::vector<EnvVar> JaxVariables(const PolicyInput& input) {
  return {{"JAX_NUM_PROCESSES", std::to_string(input.nodes)},
          {"JAX_PROCESS_ID", kIndex},
          {"JAX_COORDINATOR_ADDRESS", std::string(kHost) + ":" + kPort}};
}

// A worker a GPU, or one a node.
std::vector<EnvVar> XgboostVariables(const PolicyInput& input) {
  const std::int64_t workers = std::max<std::int64_t>(GpuCount(input.resources), 1);
  return {{"DMLC_TRACKER_URI", kHost},
          {"DMLC_TRACKER_PORT", kPort},
          {"DMLC_TASK_ID", kIndex},
          {"DMLC_NUM_WORKER", std::to_string(input.nodes * workers)}};
}

std::vector<EnvVar> MpiVariables(const PolicyInput& input) {
  return {{"OMPI_MCA_orte_default_hostfile", "/etc/mpi/hostfile"},
          {"OMPI_MCA_orte_keep_fqdn_hostnames", "true"},
          {"OMPI_MCA_orte_set_default_slots", std::to_string(MpiSlots(input))},
          {"OMPI_MCA_plm_rsh_args", "-o ConnectionAttempts=10"}};
}

}  // namespace

std::int64_t MpiSlots(const PolicyInput& input) {
  if (input.trainer != nullptr && input.trainer->num_proc_per_node.is_number_integer()) {
    return input.trainer->num_proc_per_node.get<std::int64_t>();
  }
  const auto& mpi = input.runtime.ml_policy.mpi;
  const std::int64_t slots = mpi ? mpi->num_proc_per_node.value_or(1) : 1;
  return slots == 1 ? std::max<std::int64_t>(GpuCount(input.resources), 1) : slots;
}

std::vector<EnvVar> PolicyVariables(const PolicyInput& input) {
  const MlPolicy& policy = input.runtime.ml_policy;
  if (policy.mpi) return MpiVariables(input);
  if (policy.jax) return JaxVariables(input);
  if (input.trainer == nullptr) return {};  // as their operator: it is the trainer they are for
  if (policy.torch) return TorchVariables(input);
  if (policy.xgboost) return XgboostVariables(input);
  return {};
}

PolicyNames NamesOfPolicy(const MlPolicy& policy) {
  if (policy.torch) {
    return {{"PET_NNODES", "PET_NPROC_PER_NODE", "PET_NODE_RANK", "PET_MASTER_ADDR",
             "PET_MASTER_PORT"}};
  }
  if (policy.xgboost) {
    return {{"DMLC_TRACKER_URI", "DMLC_TRACKER_PORT", "DMLC_TASK_ID", "DMLC_NUM_WORKER"}};
  }
  if (policy.jax) {
    return {{"JAX_NUM_PROCESSES", "JAX_PROCESS_ID", "JAX_COORDINATOR_ADDRESS"}, false};
  }
  return {};
}

void UpsertVariable(std::vector<EnvVar>& env, const EnvVar& variable) {
  const auto found = std::ranges::find(env, variable.name, &EnvVar::name);
  if (found == env.end()) {
    env.push_back(variable);
  } else {
    *found = variable;
  }
}

}  // namespace lockstep
