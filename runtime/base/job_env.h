// JobEnv: who am I in this job? Resolved once, at the start of a rank, from the environment its
// launcher set.
//
// Exactly one launcher decides everything. Sources, in this order of specificity (names and rules:
// docs/environment.md):
//   Lockstep (LOCKSTEP_RANK ...), torchrun (TORCHELASTIC_RUN_ID + RANK ...), Open MPI
//   (OMPI_COMM_WORLD_RANK ...), MPICH/Hydra and Intel MPI (PMI_RANK ... MPI_LOCALRANKID), Slurm
//   (SLURM_PROCID ...), PyTorchJob pods (PET_* or RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT
//   without TORCHELASTIC_*), Indexed Job (JOB_COMPLETION_INDEX), and a single process when nothing
//   is set.
// Those that agree with the chosen one on rank and size are no conflict, nor is one that announces
// a size of 1, nor Slurm or a pod around another launcher. Two sources that disagree, a partial
// source, or a number that does not parse is InvalidArgument naming the variables and their values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

enum class LauncherKind : std::uint8_t {
  kSingleProcess,
  kLockstep,
  kTorchrun,
  kOpenMpi,
  kPmi,
  kSlurm,
  kPyTorchJob,
  kIndexedJob,
};
// "lockstep run", "torchrun", "Open MPI", ...
std::string_view LauncherName(LauncherKind kind);

struct JobEnv {
  LauncherKind launcher = LauncherKind::kSingleProcess;
  int rank = 0;  // 0 <= rank < world_size
  int world_size = 1;
  int local_rank = 0;  // among the ranks of this host
  int local_world_size = 1;
  // This host among the hosts: as the launcher tells it, or else as if hosts of local_world_size
  // ranks each had been filled one after the other.
  int node_rank = 0;
  int nodes = 1;
  int generation = 0;       // how often the group was started before
  std::string job = "job";  // unique among the jobs of a host
  std::string rendezvous;   // where ranks meet: "unix:PATH", "tcp:HOST:PORT", or empty when the
                            // launcher gives none
  std::string master_addr;  // MASTER_ADDR, MASTER_PORT where given; port 0: none
  int master_port = 0;
  std::string job_dir;         // LOCKSTEP_JOB_DIR, or empty
  std::string checkpoint_dir;  // LOCKSTEP_CHECKPOINT_DIR, or empty
  std::string metrics_file;    // LOCKSTEP_METRICS_FILE, or empty: metrics go to stdout
};

// Reads one environment variable; nullopt when it is not set.
using EnvReader = std::function<std::optional<std::string>(std::string_view name)>;
// The process's own environment.
EnvReader ProcessEnv();

Result<JobEnv> ResolveJobEnv(const EnvReader& env);

}  // namespace lockstep
