#include "runtime/base/launcher_claim.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace lockstep {
namespace {

Result<int> ParseCount(std::string_view name, std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    return InvalidArgument(std::string(name) + "=\"" + std::string(text.substr(0, 200)) +
                           "\" is not a number from 0 to 2147483647: correct it or unset it");
  }
  return value;
}

// Slurm's list of tasks per node: "2(x3),1" means 2, 2, 2, 1.
Result<int> TasksOfNode(std::string_view name, std::string_view list, int node) {
  const auto wrong = [&](std::string_view why) {
    return InvalidArgument(std::string(name) + "=\"" + std::string(list.substr(0, 200)) + "\" " +
                           std::string(why) + ": start the program with srun, or unset it");
  };
  std::int64_t first = 0;  // the first node that the rest of the list is about
  for (std::string_view rest = list; !rest.empty();) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    std::string_view tasks = item;
    int nodes = 1;
    if (const auto open = item.find("(x"); open != item.npos && item.back() == ')') {
      tasks = item.substr(0, open);
      const auto parsed = ParseCount(name, item.substr(open + 2, item.size() - open - 3));
      if (!parsed.ok()) return wrong("is not a list like 2(x3),1");
      nodes = *parsed;
    }
    const auto count = ParseCount(name, tasks);
    if (!count.ok()) return wrong("is not a list like 2(x3),1");
    first += nodes;
    if (node < first) return *count;
  }
  return wrong("has no entry for SLURM_NODEID=" + std::to_string(node));
}

Status ReadSlurmLocalWorldSize(const EnvReader& env, LauncherClaim& claim) {
  if (!claim.node_rank) return OkStatus();
  for (std::string_view name : {"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"}) {
    const auto list = env(name);
    if (!list) continue;
    LOCKSTEP_ASSIGN_OR_RETURN(claim.local_world_size, TasksOfNode(name, *list, *claim.node_rank));
    claim.seen += ", " + std::string(name) + "=" + *list;
    break;
  }
  return OkStatus();
}

// A pod that is meant to hold several processes, seen by one that no torchrun has started.
Status CheckOneProcessPerPod(const EnvReader& env) {
  const auto text = env("PET_NPROC_PER_NODE");
  if (!text || *text == "auto" || *text == "cpu" || *text == "gpu") return OkStatus();
  LOCKSTEP_ASSIGN_OR_RETURN(const int processes, ParseCount("PET_NPROC_PER_NODE", *text));
  if (processes == 1) return OkStatus();
  return InvalidArgument("PET_NPROC_PER_NODE=" + *text +
                         " wants several processes in this pod, and no launcher has started them: "
                         "make torchrun or `lockstep run` the pod's command");
}

// torchrun takes each of its agents for a host. Where `lockstep run` started all of them (the pods
// of a job, run on one machine), it knows better.
void PlaceAgentsOfOneHost(const EnvReader& env, LauncherClaim& claim) {
  const auto agents = env("LOCKSTEP_WORLD_SIZE");
  if (!agents || env("LOCKSTEP_NODES") != "1" || env("GROUP_WORLD_SIZE") != agents) return;
  if (!claim.local_rank || !claim.local_world_size) return;
  claim.local_rank = claim.rank;
  claim.local_world_size = claim.world_size;
  claim.node_rank = 0;
  claim.nodes = 1;
}

Result<LauncherClaim> ReadOne(const EnvReader& env, const LauncherVariables& source) {
  LauncherClaim claim;
  claim.source = &source;
  LOCKSTEP_RETURN_IF_ERROR(ReadCount(env, source.rank, claim.rank, claim.seen));
  LOCKSTEP_RETURN_IF_ERROR(ReadCount(env, source.world_size, claim.world_size, claim.seen));
  if (claim.empty()) return claim;
  // In a batch script, outside srun, Slurm numbers the one process 0 and need not tell a size.
  if (source.kind == LauncherKind::kSlurm && claim.rank == 0 && !claim.world_size) {
    claim.world_size = 1;
    return claim;
  }
  if (source.kind == LauncherKind::kPyTorchJob && source.starts_launchers) {
    LOCKSTEP_RETURN_IF_ERROR(CheckOneProcessPerPod(env));
  }
  if (!claim.complete()) return claim;
  LOCKSTEP_RETURN_IF_ERROR(ReadCount(env, source.local_rank, claim.local_rank, claim.seen));
  LOCKSTEP_RETURN_IF_ERROR(
      ReadCount(env, source.local_world_size, claim.local_world_size, claim.seen));
  LOCKSTEP_RETURN_IF_ERROR(ReadCount(env, source.node_rank, claim.node_rank, claim.seen));
  LOCKSTEP_RETURN_IF_ERROR(ReadCount(env, source.nodes, claim.nodes, claim.seen));
  if (source.kind == LauncherKind::kTorchrun) PlaceAgentsOfOneHost(env, claim);
  if (source.kind == LauncherKind::kSlurm) {
    LOCKSTEP_RETURN_IF_ERROR(ReadSlurmLocalWorldSize(env, claim));
  }
  return claim;
}

}  // namespace

Status ReadCount(const EnvReader& env, const VariableNames& names, std::optional<int>& field,
                 std::string& seen) {
  for (std::string_view name : names) {
    if (name.empty()) break;
    const auto text = env(name);
    if (!text) continue;
    LOCKSTEP_ASSIGN_OR_RETURN(field, ParseCount(name, *text));
    seen += (seen.empty() ? "" : ", ") + std::string(name) + "=" + *text;
    break;
  }
  return OkStatus();
}

Result<std::vector<LauncherClaim>> ReadLauncherClaims(const EnvReader& env) {
  const bool torchrun = env("TORCHELASTIC_RUN_ID").has_value();
  std::vector<LauncherClaim> claims;
  std::optional<LauncherKind> started_by;
  for (const LauncherVariables& source : AllLauncherVariables()) {
    if (source.starts_launchers && started_by) {
      // `lockstep run` passes no Slurm rank on: where there is one, srun runs inside it.
      const bool inside = *started_by == LauncherKind::kLockstep;
      if (!inside || source.kind != LauncherKind::kSlurm) continue;
    }
    if (!source.marker.empty() && !env(source.marker)) continue;
    // torchrun and `lockstep run` both set RANK and WORLD_SIZE, so these are the inner one's.
    if (torchrun && source.kind == LauncherKind::kPyTorchJob) continue;
    if (torchrun && source.kind == LauncherKind::kLockstep && env("RANK") && env("WORLD_SIZE") &&
        (env("LOCKSTEP_RANK") != env("RANK") || env("LOCKSTEP_WORLD_SIZE") != env("WORLD_SIZE"))) {
      continue;
    }
    LOCKSTEP_ASSIGN_OR_RETURN(LauncherClaim claim, ReadOne(env, source));
    if (claim.empty()) {
      if (source.marker.empty()) continue;
      claim.seen = std::string(source.marker) + "=" + *env(source.marker);
    }
    if (!started_by && claim.complete() && claim.local_rank) started_by = source.kind;
    claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace lockstep
