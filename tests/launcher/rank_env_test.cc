#include "launcher/rank_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

LaunchPlan TwoRoles() {
  LaunchPlan plan;
  plan.job = "mnist";
  plan.generation = 3;
  plan.env = {{"SHARED", "plan"}, {"SIDE", "plan"}};
  plan.roles.resize(2);
  plan.roles[0].name = "chief";
  plan.roles[0].env = {{"SIDE", "chief"}};
  plan.roles[1].name = "worker";
  plan.roles[1].ranks = 3;
  return plan;
}

RunIdentity DrawnRun() {
  return {.tag = "t1",
          .rendezvous = "unix:@lockstep-t1",
          .master_addr = "127.0.0.1",
          .master_port = 4711,
          .job_dir = "/jobs/1",
          .cores = 10};
}

TEST(RankEnvironment, TellsARankItsGpusAndNobodyWhoHasNoList) {
  LaunchPlan plan = TwoRoles();
  plan.roles[1].devices = {"0", "2,3", ""};
  plan.roles[1].env = {{"CUDA_VISIBLE_DEVICES", "7"}};
  const Environment launcher = {{"CUDA_VISIBLE_DEVICES", "all"}};
  const auto env = [&](int rank) { return RankEnvironment(plan, DrawnRun(), rank, launcher); };
  EXPECT_THAT(env(2), Contains(Pair("CUDA_VISIBLE_DEVICES", "2,3")));
  EXPECT_THAT(env(2), Contains(Pair("NVIDIA_VISIBLE_DEVICES", "2,3")));
  EXPECT_THAT(env(3), Contains(Pair("CUDA_VISIBLE_DEVICES", "")));
  EXPECT_THAT(env(0), Contains(Pair("CUDA_VISIBLE_DEVICES", "all")));
  EXPECT_THAT(env(0), Not(Contains(Key("NVIDIA_VISIBLE_DEVICES"))));
}

TEST(RankEnvironment, NamesTheRankInAllTheWaysThatProgramsRead) {
  const Environment expected = {{"LOCKSTEP_JOB", "mnist"},
                                {"LOCKSTEP_GENERATION", "3"},
                                {"LOCKSTEP_JOB_DIR", "/jobs/1"},
                                {"LOCKSTEP_JOB_TAG", "t1"},
                                {"LOCKSTEP_LOCAL_RANK", "2"},
                                {"LOCKSTEP_LOCAL_WORLD_SIZE", "4"},
                                {"LOCKSTEP_NODES", "1"},
                                {"LOCKSTEP_NODE_RANK", "0"},
                                {"LOCKSTEP_RANK", "2"},
                                {"LOCKSTEP_RENDEZVOUS", "unix:@lockstep-t1"},
                                {"LOCKSTEP_WORLD_SIZE", "4"},
                                {"RANK", "2"},
                                {"WORLD_SIZE", "4"},
                                {"LOCAL_RANK", "2"},
                                {"LOCAL_WORLD_SIZE", "4"},
                                {"NODE_RANK", "0"},
                                {"GROUP_RANK", "0"},
                                {"MASTER_ADDR", "127.0.0.1"},
                                {"MASTER_PORT", "4711"},
                                {"OMP_NUM_THREADS", "2"},
                                {"SHARED", "plan"},
                                {"SIDE", "plan"}};
  EXPECT_EQ(RankEnvironment(TwoRoles(), DrawnRun(), 2, {}), expected);
}

TEST(RankEnvironment, TheRoleWinsOverThePlanAndThePlanOverTheLauncher) {
  const Environment env =
      RankEnvironment(TwoRoles(), DrawnRun(), 0, {{"SHARED", "launcher"}, {"HOME", "/root"}});
  EXPECT_THAT(env, Contains(Pair("SHARED", "plan")));
  EXPECT_THAT(env, Contains(Pair("SIDE", "chief")));
  EXPECT_THAT(env, Contains(Pair("HOME", "/root")));
}

TEST(RankEnvironment, DropsWhatOtherLaunchersSayOfRanks) {
  for (const char* name :
       {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK", "MPI_LOCALRANKID",
        "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID", "SLURM_NTASKS", "TORCHELASTIC_RUN_ID",
        "PET_NNODES", "JOB_COMPLETION_INDEX", "ROLE_RANK", "HOROVOD_RANK", "TF_CONFIG"}) {
    EXPECT_THAT(RankEnvironment(TwoRoles(), DrawnRun(), 0, {{name, "7"}}),
                Not(Contains(Key(name))));
  }
  for (const char* name : {"SLURM_JOB_ID", "OMPI_MCA_btl", "PMIXED"}) {
    EXPECT_THAT(RankEnvironment(TwoRoles(), DrawnRun(), 0, {{name, "7"}}),
                Contains(Pair(name, "7")));
  }
}

TEST(RankEnvironment, AStaleRankOfTheShellIsReplaced) {
  const Environment env =
      RankEnvironment(TwoRoles(), DrawnRun(), 1, {{"RANK", "9"}, {"MASTER_PORT", "1"}});
  EXPECT_THAT(env, Contains(Pair("RANK", "1")));
  EXPECT_THAT(env, Contains(Pair("MASTER_PORT", "4711")));
}

TEST(RankEnvironment, ThreadsAndAddressesYieldToThePlan) {
  LaunchPlan plan = TwoRoles();
  plan.env = {{"OMP_NUM_THREADS", "7"}, {"MASTER_PORT", "29500"}};
  const Environment env = RankEnvironment(plan, DrawnRun(), 1, {});
  EXPECT_THAT(env, Contains(Pair("OMP_NUM_THREADS", "7")));
  EXPECT_THAT(env, Contains(Pair("MASTER_PORT", "29500")));
  RunIdentity small = DrawnRun();
  small.cores = 1;
  EXPECT_THAT(RankEnvironment(TwoRoles(), small, 1, {}), Contains(Pair("OMP_NUM_THREADS", "1")));
  EXPECT_THAT(RankEnvironment(TwoRoles(), small, 1, {{"OMP_NUM_THREADS", "5"}}),
              Contains(Pair("OMP_NUM_THREADS", "5")));
}

TEST(RankEnvironment, WhereThePlanTellsTheRestTheRankIsOursAlone) {
  LaunchPlan plan = TwoRoles();
  plan.rank_variables = RankVariables::kLockstep;
  plan.roles[1].env = {{"RANK", "7"}, {"WORLD_SIZE", "8"}};
  const Environment env = RankEnvironment(
      plan, DrawnRun(), 2, {{"LOCAL_RANK", "5"}, {"MASTER_ADDR", "h"}, {"HOME", "/root"}});
  const Environment expected = {{"LOCKSTEP_JOB", "mnist"},
                                {"LOCKSTEP_GENERATION", "3"},
                                {"LOCKSTEP_JOB_DIR", "/jobs/1"},
                                {"LOCKSTEP_JOB_TAG", "t1"},
                                {"LOCKSTEP_LOCAL_RANK", "2"},
                                {"LOCKSTEP_LOCAL_WORLD_SIZE", "4"},
                                {"LOCKSTEP_NODES", "1"},
                                {"LOCKSTEP_NODE_RANK", "0"},
                                {"LOCKSTEP_RANK", "2"},
                                {"LOCKSTEP_RENDEZVOUS", "unix:@lockstep-t1"},
                                {"LOCKSTEP_WORLD_SIZE", "4"},
                                {"RANK", "7"},
                                {"WORLD_SIZE", "8"},
                                {"HOME", "/root"},
                                {"SHARED", "plan"},
                                {"SIDE", "plan"}};
  EXPECT_EQ(env, expected);
}

TEST(RankEnvironment, ARunInARankKeepsTheOuterTag) {
  EXPECT_THAT(RankEnvironment(TwoRoles(), DrawnRun(), 0, {{"LOCKSTEP_JOB_TAG", "outer"}}),
              Contains(Pair("LOCKSTEP_JOB_TAG", "outer:t1")));
}

TEST(PlaceOfRank, CountsThroughTheRoles) {
  const LaunchPlan plan = TwoRoles();
  EXPECT_EQ(PlaceOfRank(plan, 0).role->name, "chief");
  EXPECT_EQ(PlaceOfRank(plan, 1).role->name, "worker");
  EXPECT_EQ(PlaceOfRank(plan, 3).rank_in_role, 2);
}

}  // namespace
}  // namespace lockstep
