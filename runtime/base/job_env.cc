#include "runtime/base/job_env.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "runtime/base/launcher_claim.h"

namespace lockstep {
namespace {

std::string Describe(const LauncherClaim& claim) {
  return std::string(LauncherName(claim.source->kind)) + " (" + claim.seen + ")";
}

Status CheckRanges(const LauncherClaim& claim) {
  const auto check = [&](int value, int count, const char* what) {
    if (value < count) return OkStatus();
    return InvalidArgument(Describe(claim) + ": " + what + " " + std::to_string(value) +
                           " does not exist among " + std::to_string(count) + ": " +
                           std::string(claim.source->remedy));
  };
  LOCKSTEP_RETURN_IF_ERROR(check(*claim.rank, *claim.world_size, "rank"));
  if (claim.local_rank && claim.local_world_size) {
    LOCKSTEP_RETURN_IF_ERROR(check(*claim.local_rank, *claim.local_world_size, "local rank"));
  }
  if (claim.local_world_size && *claim.local_world_size > *claim.world_size) {
    return InvalidArgument(Describe(claim) + ": more ranks on this host than in the whole job: " +
                           std::string(claim.source->remedy));
  }
  if (claim.node_rank && claim.nodes) return check(*claim.node_rank, *claim.nodes, "node");
  return OkStatus();
}

// The claim that decides, with what it leaves open filled in from those that agree with it;
// nullopt when nobody claims anything.
Result<std::optional<LauncherClaim>> Decide(const std::vector<LauncherClaim>& claims) {
  const LauncherClaim* chosen = nullptr;
  for (const LauncherClaim& claim : claims) {
    if (!claim.complete()) continue;
    LOCKSTEP_RETURN_IF_ERROR(CheckRanges(claim));
    // A size of 1 says only that some outer launcher started one process, which may be a launcher.
    if (chosen == nullptr || (*chosen->world_size == 1 && *claim.world_size > 1)) chosen = &claim;
  }
  if (chosen == nullptr && claims.empty()) return std::optional<LauncherClaim>();
  if (chosen == nullptr) {
    const LauncherClaim& claim = claims.front();
    return InvalidArgument(Describe(claim) + " is only half of what tells a rank who it is: " +
                           (claim.rank ? "the number of ranks" : "the rank") + " is missing; " +
                           std::string(claim.source->remedy));
  }
  LauncherClaim decided = *chosen;
  for (const LauncherClaim& claim : claims) {
    if (claim.world_size == 1 && *chosen->world_size > 1) continue;
    if (claim.Contradicts(*chosen)) {
      return InvalidArgument("two launchers disagree on who this process is: " + Describe(*chosen) +
                             " and " + Describe(claim) +
                             ". Unset the variables of the one that did not start this program");
    }
    if (!decided.local_rank) decided.local_rank = claim.local_rank;
    if (!decided.local_world_size) decided.local_world_size = claim.local_world_size;
    if (!decided.node_rank) decided.node_rank = claim.node_rank;
    if (!decided.nodes) decided.nodes = claim.nodes;
  }
  return std::optional<LauncherClaim>(std::move(decided));
}

// Fills in the place on the host that the launcher left open, where only one answer is possible or
// agreed (docs/environment.md); an error where guessing would put two ranks on one device.
Status CompletePlacement(LauncherClaim& claim) {
  const bool alone = claim.source->one_rank_per_host || *claim.world_size == 1;
  if (alone && !claim.local_rank && !claim.local_world_size) {
    claim.local_rank = 0;
    claim.local_world_size = 1;
  }
  if (!claim.local_rank || !claim.local_world_size) {
    return InvalidArgument(Describe(claim) + ": the " +
                           (claim.local_rank ? "number of ranks" : "rank") +
                           " on this host is missing: " + std::string(claim.source->remedy));
  }
  if (*claim.local_world_size == 0) {
    return InvalidArgument(Describe(claim) +
                           ": there is no rank on this host: " + std::string(claim.source->remedy));
  }
  // Hosts that the launcher does not count are taken to be filled one after the other.
  const int local = *claim.local_world_size;
  if (!claim.nodes) claim.nodes = *claim.world_size / local + (*claim.world_size % local != 0);
  if (!claim.node_rank) claim.node_rank = *claim.rank / local;
  return CheckRanges(claim);
}

// A name that may be a file's: what launchers put into theirs may hold '/' or '@'.
std::string FileName(std::string name) {
  const auto is_plain = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  };
  std::replace_if(name.begin(), name.end(), [&](unsigned char c) { return !is_plain(c); }, '-');
  return name;
}

std::string JobName(const EnvReader& env, const JobEnv& job) {
  const auto get = [&](std::string_view name) { return env(name).value_or(""); };
  if (const auto name = env("LOCKSTEP_JOB"); name && !name->empty()) return *name;
  switch (job.launcher) {
    case LauncherKind::kTorchrun:  // run ids are often "none"
      return FileName("torchrun-" + get("TORCHELASTIC_RUN_ID") + "-" + get("MASTER_PORT"));
    case LauncherKind::kOpenMpi: return FileName("mpirun-" + get("PMIX_NAMESPACE"));
    case LauncherKind::kSlurm:
      return FileName("slurm-" + get("SLURM_JOB_ID") + "." + get("SLURM_STEP_ID"));
    default: return JobEnv().job;
  }
}

Status ReadMaster(const EnvReader& env, JobEnv& job) {
  std::string seen;
  std::optional<int> port;
  job.master_addr = env("MASTER_ADDR").value_or(env("PET_MASTER_ADDR").value_or(""));
  LOCKSTEP_RETURN_IF_ERROR(ReadCount(env, {"MASTER_PORT", "PET_MASTER_PORT"}, port, seen));
  if (port && (*port < 1 || *port > 65535)) {
    return InvalidArgument(seen + " is not a port from 1 to 65535: correct it or unset it");
  }
  job.master_port = port.value_or(0);
  return OkStatus();
}

}  // namespace

EnvReader ProcessEnv() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Result<JobEnv> ResolveJobEnv(const EnvReader& env) {
  JobEnv job;
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<LauncherClaim> claims, ReadLauncherClaims(env));
  LOCKSTEP_ASSIGN_OR_RETURN(std::optional<LauncherClaim> claim, Decide(claims));
  if (claim) {
    LOCKSTEP_RETURN_IF_ERROR(CompletePlacement(*claim));
    job.launcher = claim->source->kind;
    job.rank = *claim->rank;
    job.world_size = *claim->world_size;
    job.local_rank = *claim->local_rank;
    job.local_world_size = *claim->local_world_size;
    job.node_rank = *claim->node_rank;
    job.nodes = *claim->nodes;
  }
  std::string seen;
  std::optional<int> generation;
  LOCKSTEP_RETURN_IF_ERROR(
      ReadCount(env, {"LOCKSTEP_GENERATION", "TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT"},
                generation, seen));
  job.generation = generation.value_or(0);
  job.job = JobName(env, job);
  LOCKSTEP_RETURN_IF_ERROR(ReadMaster(env, job));
  const auto get = [&](std::string_view name) { return env(name).value_or(""); };
  job.rendezvous = get("LOCKSTEP_RENDEZVOUS");
  job.job_dir = get("LOCKSTEP_JOB_DIR");
  job.checkpoint_dir = get("LOCKSTEP_CHECKPOINT_DIR");
  job.metrics_file = get("LOCKSTEP_METRICS_FILE");
  return job;
}

}  // namespace lockstep
