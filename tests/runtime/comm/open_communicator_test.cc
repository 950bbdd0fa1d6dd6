#include "runtime/comm/open_communicator.h"

#include <unistd.h>

#include "tests/runtime/comm/communicator_conformance.h"

namespace lockstep {
namespace {

JobEnv Job(LauncherKind launcher, int rank, int size) {
  JobEnv env;
  env.launcher = launcher;
  env.rank = env.local_rank = rank;
  env.world_size = env.local_world_size = size;
  env.job = "open-test-" + std::to_string(getpid());
  return env;
}

TEST(OpenCommunicator, OpensOneRankWithoutATransport) {
  auto opened = OpenCommunicator(JobEnv{}, {});
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(opened->why, "alone: one rank");
  CheckEverything(*opened->communicator, DataType::kFloat16, 17);
}

TEST(OpenCommunicator, OpensSharedMemoryForTheRanksOfOneHost) {
  for (const LauncherKind launcher : {LauncherKind::kLockstep, LauncherKind::kTorchrun}) {
    std::vector<std::thread> ranks;
    for (int rank = 0; rank < 2; ++rank)
      ranks.emplace_back([launcher, rank] {
        auto opened = OpenCommunicator(Job(launcher, rank, 2), {});
        ASSERT_TRUE(opened.ok()) << opened.status().ToString();
        EXPECT_EQ(opened->why, "shm: 2 ranks on this host");
        CheckEverything(*opened->communicator, DataType::kInt64, 17);
      });
    for (std::thread& rank : ranks) rank.join();
  }
}

TEST(OpenCommunicator, KeepsGenerationsOfOneJobApart) {
  JobEnv second = Job(LauncherKind::kLockstep, 1, 2);
  second.generation = 1;
  std::thread other([&second] {
    EXPECT_EQ(
        OpenCommunicator(second, {.open_deadline = std::chrono::milliseconds(50)}).status().kind(),
        StatusKind::kDeadlineExceeded);
  });
  const Status first = OpenCommunicator(Job(LauncherKind::kLockstep, 0, 2),
                                        {.open_deadline = std::chrono::milliseconds(50)})
                           .status();
  other.join();
  EXPECT_EQ(first.kind(), StatusKind::kDeadlineExceeded);
  EXPECT_THAT(first.message(), ::testing::HasSubstr("these did not come: 1"));
}

TEST(OpenCommunicator, RefusesWhatCannotWork) {
  const Status unknown = OpenCommunicator(JobEnv{}, {.transport = "rdma"}).status();
  EXPECT_EQ(unknown.kind(), StatusKind::kInvalidArgument);
  EXPECT_THAT(unknown.message(), ::testing::HasSubstr("'rdma'"));

  JobEnv two_hosts = Job(LauncherKind::kLockstep, 0, 4);
  two_hosts.local_world_size = two_hosts.nodes = 2;
  const Status apart = OpenCommunicator(two_hosts, {}).status();
  EXPECT_EQ(apart.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(apart.message(), ::testing::HasSubstr("4 ranks on 2 hosts"));

  // No mpirun around this test: either the build has no MPI, or MPI says that it is alone.
  EXPECT_EQ(OpenCommunicator(Job(LauncherKind::kOpenMpi, 0, 3), {}).status().kind(),
            StatusKind::kFailedPrecondition);
}

}  // namespace
}  // namespace lockstep
