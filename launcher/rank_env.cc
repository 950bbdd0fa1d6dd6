#include "launcher/rank_env.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace lockstep {
namespace {

// Families of variables by which some other launcher tells a process its rank (the table is in
// docs/environment.md).
constexpr std::array<std::string_view, 8> kForeignPrefixes = {
    "OMPI_COMM_WORLD_", "PMI_",          "PMIX_", "MV2_COMM_WORLD_",
    "MPI_LOCAL",        "TORCHELASTIC_", "PET_",  "HOROVOD_"};
constexpr std::array<std::string_view, 20> kForeignNames = {"OMPI_UNIVERSE_SIZE",
                                                            "SLURM_PROCID",
                                                            "SLURM_LOCALID",
                                                            "SLURM_NODEID",
                                                            "SLURM_NTASKS",
                                                            "SLURM_NPROCS",
                                                            "SLURM_NTASKS_PER_NODE",
                                                            "SLURM_TASKS_PER_NODE",
                                                            "SLURM_STEP_NUM_TASKS",
                                                            "SLURM_STEP_TASKS_PER_NODE",
                                                            "SLURM_GTIDS",
                                                            "JOB_COMPLETION_INDEX",
                                                            "TF_CONFIG",
                                                            "GROUP_WORLD_SIZE",
                                                            "ROLE_RANK",
                                                            "ROLE_NAME",
                                                            "ROLE_WORLD_SIZE",
                                                            "MASTER_ADDR",
                                                            "MASTER_PORT",
                                                            "LOCKSTEP_RENDEZVOUS"};

// What the launcher sets itself under RankVariables::kAll; without that, a shell's are foreign too.
constexpr std::array<std::string_view, 6> kRankNames = {
    "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "NODE_RANK", "GROUP_RANK"};

bool IsForeign(std::string_view name) {
  return std::ranges::find(kRankNames, name) != kRankNames.end() ||
         std::ranges::find(kForeignNames, name) != kForeignNames.end() ||
         std::ranges::any_of(kForeignPrefixes,
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

RankPlace PlaceOfRank(const LaunchPlan& plan, int rank) {
  for (const LaunchRole& role : plan.roles) {
    if (rank < role.ranks) return {&role, rank};
    rank -= role.ranks;
  }
  CHECK(false) << "rank beyond world size " << plan.world_size();
}

Environment RankEnvironment(const LaunchPlan& plan, const RunIdentity& run, int rank,
                            const Environment& launcher) {
  Environment env;
  for (const auto& [name, value] : launcher) {
    if (!IsForeign(name)) env[name] = value;
  }
  for (const auto& [name, value] : plan.env) env[name] = value;
  const auto place = PlaceOfRank(plan, rank);
  for (const auto& [name, value] : place.role->env) env[name] = value;
  if (const auto index = static_cast<std::size_t>(place.rank_in_role);
      index < place.role->devices.size()) {
    for (const char* name : {"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"}) {
      env[name] = place.role->devices[index];
    }
  }

  const std::string rank_text = std::to_string(rank);
  const std::string world = std::to_string(plan.world_size());
  for (const char* name : {"LOCKSTEP_RANK", "LOCKSTEP_LOCAL_RANK"}) env[name] = rank_text;
  for (const char* name : {"LOCKSTEP_WORLD_SIZE", "LOCKSTEP_LOCAL_WORLD_SIZE"}) env[name] = world;
  env["LOCKSTEP_NODE_RANK"] = "0";
  env["LOCKSTEP_NODES"] = "1";
  env["LOCKSTEP_JOB"] = plan.job;
  env["LOCKSTEP_GENERATION"] = std::to_string(plan.generation);
  env["LOCKSTEP_JOB_DIR"] = run.job_dir;
  env["LOCKSTEP_RENDEZVOUS"] = run.rendezvous;
  const auto outer = launcher.find(kJobTagVariable);
  env[kJobTagVariable] = outer == launcher.end() ? run.tag : outer->second + ":" + run.tag;
  if (plan.rank_variables == RankVariables::kLockstep) return env;
  for (const char* name : {"RANK", "LOCAL_RANK"}) env[name] = rank_text;
  for (const char* name : {"WORLD_SIZE", "LOCAL_WORLD_SIZE"}) env[name] = world;
  for (const char* name : {"NODE_RANK", "GROUP_RANK"}) env[name] = "0";
  env.try_emplace("MASTER_ADDR", run.master_addr);
  env.try_emplace("MASTER_PORT", std::to_string(run.master_port));
  env.try_emplace("OMP_NUM_THREADS", std::to_string(std::max(1, run.cores / plan.world_size())));
  return env;
}

}  // namespace lockstep
