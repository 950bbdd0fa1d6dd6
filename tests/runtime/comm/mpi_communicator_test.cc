// Run by mpirun: every rank runs every test, and groups of fewer ranks are split off the world.
#include "runtime/comm/mpi_communicator.h"

#include <cstdlib>

#include "tests/runtime/comm/communicator_conformance.h"

namespace lockstep {
namespace {

int FromMpirun(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

int WorldSize() { return FromMpirun("OMPI_COMM_WORLD_SIZE", 1); }
int WorldRank() { return FromMpirun("OMPI_COMM_WORLD_RANK", 0); }

Communicator& World() {
  static const std::unique_ptr<Communicator> world = [] {
    auto opened = OpenMpiCommunicator(WorldRank(), WorldSize());
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return std::move(opened).value();
  }();
  return *world;
}

// A group broken by a test does not touch the next: each has an MPI communicator of its own.
void RunUnderMpirun(int size, const RankBody& body) {
  if (size > WorldSize()) GTEST_SKIP() << "needs mpirun -np " << size;
  const bool takes_part = World().rank() < size;
  auto group = World().Split(takes_part ? 0 : 1, kPlenty);
  ASSERT_TRUE(group.ok()) << group.status().ToString();
  if (takes_part) body(std::move(group).value());
  Meet(World());
}

std::vector<int> Sizes() {
  std::vector<int> sizes;
  for (int size = 1; size <= WorldSize(); ++size) sizes.push_back(size);
  return sizes;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Mpi, CommunicatorConformance,
    ::testing::Values(Transport{
        .name = "mpi", .sizes = Sizes(), .run = RunUnderMpirun, .sees_peers = false}));

TEST(MpiCommunicator, RefusesALauncherThatAnnouncedAnotherSize) {
  const Status status = OpenMpiCommunicator(WorldRank(), WorldSize() + 1).status();
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(status.message(),
              ::testing::HasSubstr("of " + std::to_string(WorldSize() + 1) +
                                   ", but MPI says rank " + std::to_string(WorldRank())));
}

}  // namespace lockstep
