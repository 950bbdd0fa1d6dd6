#include "runtime/base/job_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>

namespace lockstep {
namespace {

using testing::HasSubstr;

using Env = std::map<std::string, std::string>;

Env operator+(Env env, const Env& more) {
  for (const auto& [name, value] : more) env[name] = value;
  return env;
}

Env Without(Env env, const std::string& name) {
  EXPECT_EQ(env.erase(name), 1u) << name;
  return env;
}

Result<JobEnv> Resolve(const Env& env) {
  return ResolveJobEnv([&](std::string_view name) -> std::optional<std::string> {
    const auto it = env.find(std::string(name));
    if (it == env.end()) return std::nullopt;
    return it->second;
  });
}

const Env kLockstep = {
    {"LOCKSTEP_JOB", "trial-7"},
    {"LOCKSTEP_RANK", "5"},
    {"LOCKSTEP_WORLD_SIZE", "8"},
    {"LOCKSTEP_LOCAL_RANK", "1"},
    {"LOCKSTEP_LOCAL_WORLD_SIZE", "4"},
    {"LOCKSTEP_NODE_RANK", "1"},
    {"LOCKSTEP_NODES", "2"},
    {"LOCKSTEP_GENERATION", "3"},
    {"LOCKSTEP_RENDEZVOUS", "unix:/run/x"},
    {"LOCKSTEP_JOB_DIR", "/jobs/7"},
    {"LOCKSTEP_CHECKPOINT_DIR", "/jobs/7/checkpoints"},
    {"LOCKSTEP_METRICS_FILE", "/jobs/7/metrics"},
    {"RANK", "5"},
    {"WORLD_SIZE", "8"},
    {"LOCAL_RANK", "1"},
    {"LOCAL_WORLD_SIZE", "4"},
    {"NODE_RANK", "1"},
    {"GROUP_RANK", "1"},
    {"MASTER_ADDR", "127.0.0.1"},
    {"MASTER_PORT", "29500"},
};
const Env kTorchrun = {
    {"RANK", "5"},
    {"WORLD_SIZE", "8"},
    {"LOCAL_RANK", "1"},
    {"LOCAL_WORLD_SIZE", "4"},
    {"GROUP_RANK", "1"},
    {"GROUP_WORLD_SIZE", "2"},
    {"ROLE_RANK", "5"},
    {"ROLE_NAME", "default"},
    {"ROLE_WORLD_SIZE", "8"},
    {"MASTER_ADDR", "node-0"},
    {"MASTER_PORT", "29400"},
    {"TORCHELASTIC_RESTART_COUNT", "2"},
    {"TORCHELASTIC_MAX_RESTARTS", "3"},
    {"TORCHELASTIC_RUN_ID", "none"},
    {"TORCHELASTIC_USE_AGENT_STORE", "True"},
    {"TORCHELASTIC_ERROR_FILE", "/tmp/e.json"},
    {"TORCH_NCCL_ASYNC_ERROR_HANDLING", "1"},
    {"OMP_NUM_THREADS", "1"},
};
const Env kOpenMpi = {
    {"OMPI_COMM_WORLD_RANK", "5"},
    {"OMPI_COMM_WORLD_SIZE", "8"},
    {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
    {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
    {"OMPI_COMM_WORLD_NODE_RANK", "1"},
    {"OMPI_UNIVERSE_SIZE", "8"},
    {"PMIX_RANK", "5"},
    {"PMIX_NAMESPACE", "prterun-host/12@1"},
};
const Env kHydra = {
    {"PMI_RANK", "5"},        {"PMI_SIZE", "8"},        {"PMI_FD", "9"},
    {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "4"},
};
const Env kSlurm = {
    {"SLURM_PROCID", "5"},
    {"SLURM_NTASKS", "8"},
    {"SLURM_NPROCS", "8"},
    {"SLURM_LOCALID", "1"},
    {"SLURM_NODEID", "1"},
    {"SLURM_NNODES", "2"},
    {"SLURM_TASKS_PER_NODE", "4(x2)"},
    {"SLURM_STEP_NUM_TASKS", "8"},
    {"SLURM_STEP_NUM_NODES", "2"},
    {"SLURM_STEP_TASKS_PER_NODE", "4(x2)"},
    {"SLURM_STEP_NODELIST", "gn[01-02]"},
    {"SLURM_JOB_ID", "4711"},
    {"SLURM_STEP_ID", "0"},
    {"SLURM_RESTART_COUNT", "1"},
};
// What the script of `sbatch` itself sees: one process, whatever was allocated.
const Env kSlurmBatch = {
    {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_LOCALID", "0"},
    {"SLURM_NODEID", "0"}, {"SLURM_NNODES", "2"}, {"SLURM_TASKS_PER_NODE", "4(x2)"},
    {"SLURM_JOB_ID", "9"},
};
const Env kPyTorchJob = {
    {"RANK", "2"},
    {"WORLD_SIZE", "3"},
    {"MASTER_ADDR", "job-master-0"},
    {"MASTER_PORT", "23456"},
};
const Env kPet = {
    {"PET_NODE_RANK", "2"},         {"PET_NNODES", "3"},
    {"PET_NPROC_PER_NODE", "auto"}, {"PET_MASTER_ADDR", "job-node-0-0.job"},
    {"PET_MASTER_PORT", "29500"},
};
const Env kIndexedJob = {{"JOB_COMPLETION_INDEX", "2"}};

struct Place {
  LauncherKind launcher;
  int rank, world_size, local_rank, local_world_size, node_rank, nodes;
};

void ExpectPlace(const Env& env, const Place& want) {
  const auto job = Resolve(env);
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  EXPECT_EQ(LauncherName(job->launcher), LauncherName(want.launcher));
  EXPECT_EQ(job->rank, want.rank);
  EXPECT_EQ(job->world_size, want.world_size);
  EXPECT_EQ(job->local_rank, want.local_rank);
  EXPECT_EQ(job->local_world_size, want.local_world_size);
  EXPECT_EQ(job->node_rank, want.node_rank);
  EXPECT_EQ(job->nodes, want.nodes);
}

void ExpectInvalid(const Env& env, const std::vector<std::string>& words) {
  const auto job = Resolve(env);
  ASSERT_EQ(job.status().kind(), StatusKind::kInvalidArgument);
  for (const auto& word : words) EXPECT_THAT(job.status().message(), HasSubstr(word));
}

TEST(JobEnv, EveryLauncherTellsARankItsPlace) {
  ExpectPlace({}, {LauncherKind::kSingleProcess, 0, 1, 0, 1, 0, 1});
  ExpectPlace(kLockstep, {LauncherKind::kLockstep, 5, 8, 1, 4, 1, 2});
  ExpectPlace(kTorchrun, {LauncherKind::kTorchrun, 5, 8, 1, 4, 1, 2});
  ExpectPlace(kOpenMpi, {LauncherKind::kOpenMpi, 5, 8, 1, 4, 1, 2});
  ExpectPlace(kHydra, {LauncherKind::kPmi, 5, 8, 1, 4, 1, 2});
  ExpectPlace(kSlurm, {LauncherKind::kSlurm, 5, 8, 1, 4, 1, 2});
  ExpectPlace(kPyTorchJob, {LauncherKind::kPyTorchJob, 2, 3, 0, 1, 2, 3});
  ExpectPlace(kPyTorchJob + kPet, {LauncherKind::kPyTorchJob, 2, 3, 0, 1, 2, 3});
  ExpectPlace(kPet, {LauncherKind::kPyTorchJob, 2, 3, 0, 1, 2, 3});
  ExpectPlace(kIndexedJob + Env{{"LOCKSTEP_WORLD_SIZE", "3"}},
              {LauncherKind::kIndexedJob, 2, 3, 0, 1, 2, 3});
  ExpectPlace(kIndexedJob + Env{{"WORLD_SIZE", "3"}},
              {LauncherKind::kIndexedJob, 2, 3, 0, 1, 2, 3});
}

TEST(JobEnv, LockstepTellsTheRestToo) {
  const auto job = Resolve(kLockstep);
  EXPECT_EQ(job->job, "trial-7");
  EXPECT_EQ(job->generation, 3);
  EXPECT_EQ(job->rendezvous, "unix:/run/x");
  EXPECT_EQ(job->job_dir, "/jobs/7");
  EXPECT_EQ(job->checkpoint_dir, "/jobs/7/checkpoints");
  EXPECT_EQ(job->metrics_file, "/jobs/7/metrics");
  EXPECT_EQ(job->master_addr, "127.0.0.1");
  EXPECT_EQ(job->master_port, 29500);
}

TEST(JobEnv, JobsOfOtherLaunchersHaveNamesThatFilesMayBear) {
  EXPECT_EQ(Resolve({})->job, "job");
  EXPECT_EQ(Resolve(kTorchrun)->job, "torchrun-none-29400");
  EXPECT_EQ(Resolve(kTorchrun)->generation, 2);
  EXPECT_EQ(Resolve(kOpenMpi)->job, "mpirun-prterun-host-12-1");
  EXPECT_EQ(Resolve(kSlurm)->job, "slurm-4711.0");
  EXPECT_EQ(Resolve(kSlurm)->generation, 1);
  EXPECT_EQ(Resolve(kPet)->master_addr, "job-node-0-0.job");
  EXPECT_EQ(Resolve(kPet)->master_port, 29500);
}

TEST(JobEnv, SlurmListsTheTasksOfEachNode) {
  struct Case {
    const char* list;
    int node, tasks;
  };
  for (const Case& c : {Case{"2(x3),1", 0, 2},
                        {"2(x3),1", 2, 2},
                        {"2(x3),1", 3, 1},
                        {"7", 0, 7},
                        {"1,2,3", 2, 3},
                        {"1,2(x2147483647)", 5, 2}}) {
    const Env env = kSlurm + Env{{"SLURM_STEP_TASKS_PER_NODE", c.list},
                                 {"SLURM_NODEID", std::to_string(c.node)},
                                 {"SLURM_STEP_NUM_NODES", "9"},
                                 {"SLURM_LOCALID", "0"}};
    const auto job = Resolve(env);
    ASSERT_TRUE(job.ok()) << c.list << ": " << job.status().ToString();
    EXPECT_EQ(job->local_world_size, c.tasks) << c.list;
  }
  for (const char* list : {"", "x", "2(x", "2(x)", "2(xx)", "(x2)", ",", "1(x1)"}) {
    ExpectInvalid(kSlurm + Env{{"SLURM_STEP_TASKS_PER_NODE", list}},
                  {"SLURM_STEP_TASKS_PER_NODE=\"" + std::string(list) + "\"", "srun"});
  }
}

TEST(JobEnv, AStepsOwnFiguresComeBeforeThoseOfItsAllocation) {
  ExpectPlace(
      kSlurm +
          Env{{"SLURM_NTASKS", "64"}, {"SLURM_NNODES", "16"}, {"SLURM_TASKS_PER_NODE", "32(x2)"}},
      {LauncherKind::kSlurm, 5, 8, 1, 4, 1, 2});
}

TEST(JobEnv, TheFirstOfThoseThatAgreeDecides) {
  ExpectPlace(kLockstep + kOpenMpi + kHydra + kSlurm, {LauncherKind::kLockstep, 5, 8, 1, 4, 1, 2});
  ExpectPlace(kOpenMpi + Env{{"RANK", "5"}, {"WORLD_SIZE", "8"}},
              {LauncherKind::kOpenMpi, 5, 8, 1, 4, 1, 2});
}

TEST(JobEnv, SrunWithPmi2LeavesThePlaceOnTheHostToSlurm) {
  ExpectPlace(kSlurm + Env{{"PMI_RANK", "5"}, {"PMI_SIZE", "8"}},
              {LauncherKind::kPmi, 5, 8, 1, 4, 1, 2});
}

TEST(JobEnv, SlurmAroundAnotherLauncherDoesNotContradictIt) {
  const Env agent = kSlurm + Env{{"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}};
  ExpectPlace(agent + kTorchrun, {LauncherKind::kTorchrun, 5, 8, 1, 4, 1, 2});
  ExpectPlace(kSlurmBatch + kOpenMpi, {LauncherKind::kOpenMpi, 5, 8, 1, 4, 1, 2});
  ExpectPlace(kSlurmBatch + kHydra, {LauncherKind::kPmi, 5, 8, 1, 4, 1, 2});
}

TEST(JobEnv, ABatchScriptWithoutTasksIsASingleProcess) {
  ExpectPlace(Without(kSlurmBatch, "SLURM_NTASKS"), {LauncherKind::kSlurm, 0, 1, 0, 1, 0, 1});
}

TEST(JobEnv, APodAroundAnotherLauncherDoesNotContradictIt) {
  const Env elastic = kPet + Env{{"PET_NNODES", "1:3"}, {"PET_NPROC_PER_NODE", "4"}};
  ExpectPlace(elastic + kTorchrun + kIndexedJob, {LauncherKind::kTorchrun, 5, 8, 1, 4, 1, 2});
  ExpectPlace(elastic + kLockstep + kIndexedJob, {LauncherKind::kLockstep, 5, 8, 1, 4, 1, 2});
}

TEST(JobEnv, ALauncherOfOneProcessDoesNotContradictTheOneInsideIt) {
  const Env alone = {{"LOCKSTEP_RANK", "0"},
                     {"LOCKSTEP_WORLD_SIZE", "1"},
                     {"LOCKSTEP_LOCAL_RANK", "0"},
                     {"LOCKSTEP_LOCAL_WORLD_SIZE", "1"},
                     {"RANK", "0"},
                     {"WORLD_SIZE", "1"},
                     {"LOCKSTEP_JOB", "outer"},
                     {"LOCKSTEP_METRICS_FILE", "/m"}};
  ExpectPlace(alone + kOpenMpi, {LauncherKind::kOpenMpi, 5, 8, 1, 4, 1, 2});
  ExpectPlace(alone + kSlurm, {LauncherKind::kSlurm, 5, 8, 1, 4, 1, 2});
  ExpectPlace(alone + kTorchrun, {LauncherKind::kTorchrun, 5, 8, 1, 4, 1, 2});
  EXPECT_EQ(Resolve(alone + kOpenMpi)->job, "outer");
  EXPECT_EQ(Resolve(alone + kOpenMpi)->metrics_file, "/m");
}

TEST(JobEnv, TorchrunOnEachHostOfALockstepRunDecides) {
  const Env agent = kLockstep + Env{{"LOCKSTEP_RANK", "1"}, {"LOCKSTEP_WORLD_SIZE", "2"}};
  ExpectPlace(agent + kTorchrun, {LauncherKind::kTorchrun, 5, 8, 1, 4, 1, 2});
}

TEST(JobEnv, TorchrunsAgentsThatLockstepStartedOnOneHostAreNoHosts) {
  const Env agent = {{"LOCKSTEP_RANK", "1"},       {"LOCKSTEP_WORLD_SIZE", "2"},
                     {"LOCKSTEP_LOCAL_RANK", "1"}, {"LOCKSTEP_LOCAL_WORLD_SIZE", "2"},
                     {"LOCKSTEP_NODE_RANK", "0"},  {"LOCKSTEP_NODES", "1"}};
  ExpectPlace(agent + kTorchrun, {LauncherKind::kTorchrun, 5, 8, 5, 8, 0, 1});
  // Agents of other hosts are among them.
  ExpectPlace(agent + kTorchrun + Env{{"LOCKSTEP_WORLD_SIZE", "1"}, {"LOCKSTEP_RANK", "0"}},
              {LauncherKind::kTorchrun, 5, 8, 1, 4, 1, 2});
  // An elastic worker of one rank, which torchrun numbered otherwise than Lockstep.
  ExpectPlace(agent + Env{{"TORCHELASTIC_RUN_ID", "none"},
                          {"RANK", "0"},
                          {"WORLD_SIZE", "2"},
                          {"LOCAL_RANK", "0"},
                          {"LOCAL_WORLD_SIZE", "1"},
                          {"GROUP_RANK", "0"},
                          {"GROUP_WORLD_SIZE", "2"}},
              {LauncherKind::kTorchrun, 0, 2, 0, 2, 0, 1});
}

TEST(JobEnv, TwoLaunchersThatDisagreeAreAnErrorThatNamesBoth) {
  ExpectInvalid(kLockstep + kOpenMpi + Env{{"OMPI_COMM_WORLD_RANK", "4"}},
                {"lockstep run (LOCKSTEP_RANK=5, LOCKSTEP_WORLD_SIZE=8",
                 "Open MPI (OMPI_COMM_WORLD_RANK=4, OMPI_COMM_WORLD_SIZE=8", "Unset"});
  ExpectInvalid(kTorchrun + kOpenMpi + Env{{"OMPI_COMM_WORLD_SIZE", "16"}},
                {"torchrun (RANK=5", "OMPI_COMM_WORLD_SIZE=16"});
  ExpectInvalid(kSlurm + kPyTorchJob, {"Slurm (SLURM_PROCID=5", "PyTorchJob (RANK=2"});
  ExpectInvalid(kHydra + kPyTorchJob, {"MPICH or Intel MPI (PMI_RANK=5", "PyTorchJob (RANK=2"});
  ExpectInvalid(kOpenMpi + Env{{"WORLD_SIZE", "4"}}, {"Open MPI", "PyTorchJob (WORLD_SIZE=4)"});
  ExpectInvalid(kLockstep + kSlurm + Env{{"SLURM_PROCID", "0"}}, {"lockstep run", "Slurm"});
}

TEST(JobEnv, HalfASourceIsAnErrorThatNamesTheHalf) {
  struct Case {
    Env env;
    const char* missing;
    std::vector<std::string> words;
  };
  const Case cases[] = {
      {kLockstep, "LOCKSTEP_LOCAL_WORLD_SIZE", {}},  // agreed on by LOCAL_WORLD_SIZE
      {kTorchrun, "RANK", {"torchrun (WORLD_SIZE=8)", "the rank is missing"}},
      {kTorchrun, "WORLD_SIZE", {"torchrun (RANK=5)", "the number of ranks is missing"}},
      {kTorchrun, "LOCAL_RANK", {"the rank on this host is missing", "torchrun"}},
      {kTorchrun, "LOCAL_WORLD_SIZE", {"the number of ranks on this host is missing"}},
      {kOpenMpi, "OMPI_COMM_WORLD_RANK", {"OMPI_COMM_WORLD_SIZE=8", "mpirun"}},
      {kOpenMpi, "OMPI_COMM_WORLD_SIZE", {"OMPI_COMM_WORLD_RANK=5", "mpirun"}},
      {kHydra, "PMI_SIZE", {"PMI_RANK=5", "mpiexec"}},
      {kHydra, "MPI_LOCALRANKID", {"the rank on this host is missing", "PMI_RANK=5"}},
      {kSlurm, "SLURM_PROCID", {"SLURM_STEP_NUM_TASKS=8", "srun"}},
      {kSlurm, "SLURM_LOCALID", {"the rank on this host is missing", "srun"}},
      {kSlurm, "SLURM_NODEID", {"the number of ranks on this host is missing", "srun"}},
      {kPyTorchJob, "RANK", {"WORLD_SIZE=3", "set both"}},
      {kPyTorchJob, "WORLD_SIZE", {"RANK=2", "set both"}},
      {kPet, "PET_NNODES", {"PET_NODE_RANK=2", "torchrun"}},
  };
  for (const Case& c : cases) {
    const Env env = Without(c.env, c.missing);
    SCOPED_TRACE(c.missing);
    if (c.words.empty()) {
      EXPECT_TRUE(Resolve(env).ok());
    } else {
      ExpectInvalid(env, c.words);
    }
  }
  ExpectInvalid(kIndexedJob, {"JOB_COMPLETION_INDEX=2", "LOCKSTEP_WORLD_SIZE", "completions"});
  ExpectInvalid({{"TORCHELASTIC_RUN_ID", "x"}}, {"TORCHELASTIC_RUN_ID=x"});
  ExpectInvalid({{"LOCKSTEP_RANK", "0"}}, {"LOCKSTEP_RANK=0", "lockstep run"});
}

TEST(JobEnv, ValuesThatAreNoNumbersAreErrorsThatNameThem) {
  for (const char* value : {"", "x", "-1", "1.5", " 1", "1 ", "0x1", "2147483648", "+1"}) {
    ExpectInvalid(kLockstep + Env{{"LOCKSTEP_RANK", value}},
                  {"LOCKSTEP_RANK=\"" + std::string(value) + "\""});
    ExpectInvalid(kOpenMpi + Env{{"OMPI_COMM_WORLD_LOCAL_SIZE", value}},
                  {"OMPI_COMM_WORLD_LOCAL_SIZE=\"" + std::string(value) + "\""});
    ExpectInvalid({{"LOCKSTEP_GENERATION", value}}, {"LOCKSTEP_GENERATION=\""});
    ExpectInvalid({{"MASTER_PORT", value}}, {"MASTER_PORT=\""});
  }
  ExpectInvalid({{"MASTER_PORT", "0"}}, {"MASTER_PORT=0", "1 to 65535"});
  ExpectInvalid({{"MASTER_PORT", "65536"}}, {"MASTER_PORT=65536", "1 to 65535"});
  ExpectInvalid(kPet + Env{{"PET_NNODES", "1:3"}}, {"PET_NNODES=\"1:3\""});
  ExpectInvalid(kLockstep + Env{{"LOCKSTEP_RANK", std::string(100'000, '9')}}, {"LOCKSTEP_RANK"});
}

TEST(JobEnv, PlacesThatCannotBeAreErrors) {
  ExpectInvalid(kOpenMpi + Env{{"OMPI_COMM_WORLD_RANK", "8"}}, {"rank 8 does not exist among 8"});
  ExpectInvalid(kOpenMpi + Env{{"OMPI_COMM_WORLD_SIZE", "0"}}, {"rank 5 does not exist among 0"});
  ExpectInvalid(kOpenMpi + Env{{"OMPI_COMM_WORLD_LOCAL_RANK", "4"}}, {"local rank 4"});
  ExpectInvalid(kOpenMpi + Env{{"OMPI_COMM_WORLD_LOCAL_SIZE", "9"}}, {"more ranks on this host"});
  ExpectInvalid(kTorchrun + Env{{"GROUP_RANK", "2"}}, {"node 2 does not exist among 2"});
  ExpectInvalid(kPyTorchJob + Env{{"LOCAL_WORLD_SIZE", "0"}, {"LOCAL_RANK", "0"}}, {"local rank"});
}

TEST(JobEnv, APodThatWantsSeveralProcessesNeedsALauncherInside) {
  ExpectInvalid(kPet + Env{{"PET_NPROC_PER_NODE", "4"}}, {"PET_NPROC_PER_NODE=4", "torchrun"});
  ExpectPlace(kPet + Env{{"PET_NPROC_PER_NODE", "1"}},
              {LauncherKind::kPyTorchJob, 2, 3, 0, 1, 2, 3});
}

TEST(JobEnv, HostsAreCountedAsIfFilledInOrderWhereTheLauncherDoesNotCountThem) {
  ExpectPlace(kOpenMpi + Env{{"OMPI_COMM_WORLD_SIZE", "9"}},
              {LauncherKind::kOpenMpi, 5, 9, 1, 4, 1, 3});
}

TEST(JobEnv, EveryLauncherHasAName) {
  for (auto kind : {LauncherKind::kSingleProcess, LauncherKind::kLockstep, LauncherKind::kTorchrun,
                    LauncherKind::kOpenMpi, LauncherKind::kPmi, LauncherKind::kSlurm,
                    LauncherKind::kPyTorchJob, LauncherKind::kIndexedJob}) {
    EXPECT_NE(LauncherName(kind), "");
  }
}

TEST(ProcessEnv, ReadsTheEnvironmentOfThisProcess) {
  ASSERT_EQ(setenv("LOCKSTEP_TEST_VARIABLE", "x=y", 1), 0);
  EXPECT_EQ(ProcessEnv()("LOCKSTEP_TEST_VARIABLE"), "x=y");
  ASSERT_EQ(unsetenv("LOCKSTEP_TEST_VARIABLE"), 0);
  EXPECT_EQ(ProcessEnv()("LOCKSTEP_TEST_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace lockstep
