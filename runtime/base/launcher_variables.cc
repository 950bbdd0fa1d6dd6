#include "runtime/base/launcher_variables.h"

#include "runtime/base/check.h"

namespace lockstep {
namespace {

constexpr LauncherVariables kTable[] = {
    {.kind = LauncherKind::kLockstep,
     .marker = "",
     .rank = {"LOCKSTEP_RANK"},
     .world_size = {"LOCKSTEP_WORLD_SIZE"},
     .local_rank = {"LOCKSTEP_LOCAL_RANK"},
     .local_world_size = {"LOCKSTEP_LOCAL_WORLD_SIZE"},
     .node_rank = {"LOCKSTEP_NODE_RANK"},
     .nodes = {"LOCKSTEP_NODES"},
     .remedy = "start the program with `lockstep run`, or unset the LOCKSTEP_ variables"},
    {.kind = LauncherKind::kTorchrun,
     .marker = "TORCHELASTIC_RUN_ID",
     .rank = {"RANK"},
     .world_size = {"WORLD_SIZE"},
     .local_rank = {"LOCAL_RANK"},
     .local_world_size = {"LOCAL_WORLD_SIZE"},
     .node_rank = {"GROUP_RANK"},
     .nodes = {"GROUP_WORLD_SIZE"},
     .remedy = "start the program with torchrun, or unset TORCHELASTIC_RUN_ID"},
    {.kind = LauncherKind::kOpenMpi,
     .marker = "",
     .rank = {"OMPI_COMM_WORLD_RANK"},
     .world_size = {"OMPI_COMM_WORLD_SIZE"},
     .local_rank = {"OMPI_COMM_WORLD_LOCAL_RANK"},
     .local_world_size = {"OMPI_COMM_WORLD_LOCAL_SIZE"},
     // OMPI_COMM_WORLD_NODE_RANK is a rank within a host, in spite of its name.
     .node_rank = {},
     .nodes = {},
     .remedy = "start the program with mpirun, or unset the OMPI_ variables"},
    {.kind = LauncherKind::kPmi,
     .marker = "",
     .rank = {"PMI_RANK"},
     .world_size = {"PMI_SIZE"},
     .local_rank = {"MPI_LOCALRANKID"},
     .local_world_size = {"MPI_LOCALNRANKS"},
     .node_rank = {},
     .nodes = {},
     .remedy = "start the program with mpiexec, or unset the PMI_ variables"},
    {.kind = LauncherKind::kSlurm,
     .marker = "",
     .rank = {"SLURM_PROCID"},
     .world_size = {"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_NPROCS"},
     .local_rank = {"SLURM_LOCALID"},
     .local_world_size = {},  // from SLURM_TASKS_PER_NODE, a list
     .node_rank = {"SLURM_NODEID"},
     .nodes = {"SLURM_STEP_NUM_NODES", "SLURM_NNODES"},
     .starts_launchers = true,
     .remedy = "start the program with srun"},
    {.kind = LauncherKind::kPyTorchJob,
     .marker = "",
     .rank = {"RANK"},
     .world_size = {"WORLD_SIZE"},
     .local_rank = {"LOCAL_RANK"},
     .local_world_size = {"LOCAL_WORLD_SIZE"},
     .node_rank = {"NODE_RANK", "GROUP_RANK"},
     .nodes = {},
     .one_rank_per_host = true,
     .remedy = "set both, or unset both"},
    {.kind = LauncherKind::kPyTorchJob,
     .marker = "",
     .rank = {"PET_NODE_RANK"},
     .world_size = {"PET_NNODES"},
     .local_rank = {},
     .local_world_size = {},
     .node_rank = {},
     .nodes = {},
     .starts_launchers = true,
     .one_rank_per_host = true,
     .remedy = "make torchrun the pod's command, or set RANK and WORLD_SIZE"},
    {.kind = LauncherKind::kIndexedJob,
     .marker = "JOB_COMPLETION_INDEX",
     .rank = {"JOB_COMPLETION_INDEX"},
     .world_size = {"LOCKSTEP_WORLD_SIZE", "WORLD_SIZE"},
     .local_rank = {},
     .local_world_size = {},
     .node_rank = {},
     .nodes = {},
     .starts_launchers = true,
     .one_rank_per_host = true,
     .remedy = "set LOCKSTEP_WORLD_SIZE to the Job's completions in its pod template"},
};

}  // namespace

std::span<const LauncherVariables> AllLauncherVariables() { return kTable; }

std::string_view LauncherName(LauncherKind kind) {
  switch (kind) {
    case LauncherKind::kSingleProcess: return "no launcher";
    case LauncherKind::kLockstep: return "lockstep run";
    case LauncherKind::kTorchrun: return "torchrun";
    case LauncherKind::kOpenMpi: return "Open MPI";
    case LauncherKind::kPmi: return "MPICH or Intel MPI";
    case LauncherKind::kSlurm: return "Slurm";
    case LauncherKind::kPyTorchJob: return "PyTorchJob";
    case LauncherKind::kIndexedJob: return "Indexed Job";
  }
  CHECK(false) << "launcher kind " << static_cast<int>(kind);
}

}  // namespace lockstep
