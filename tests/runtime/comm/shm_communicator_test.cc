#include "runtime/comm/shm_communicator.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "runtime/comm/shm_region.h"
#include "tests/runtime/comm/communicator_conformance.h"
#include "tests/runtime/comm/rank_threads.h"

namespace lockstep {
namespace {

// Unique in this machine and moment.
std::string FreshKey() {
  static std::atomic<int> next{0};
  return "test/" + std::to_string(getpid()) + "/" + std::to_string(next++);
}

// A child that runs `body` and tells by its exit code whether an expectation failed.
pid_t Fork(const std::function<void()>& body) {
  const pid_t child = fork();
  EXPECT_GE(child, 0);
  if (child != 0) return child;
  body();
  fflush(nullptr);
  _exit(::testing::Test::HasFailure() ? 1 : 0);
}

int WaitFor(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

std::unique_ptr<Communicator> MustOpen(const std::string& key, int rank, int size) {
  auto group = OpenShmCommunicator(key, rank, size, kPlenty);
  EXPECT_TRUE(group.ok()) << group.status().ToString();
  return std::move(group).value();
}

// Forked before any thread of ours runs: the ranks' threads start in the children.
void RunOnProcesses(int size, const RankBody& body) {
  const std::string key = FreshKey();
  std::vector<pid_t> children;
  for (int rank = 0; rank < size; ++rank)
    children.push_back(Fork([&] { body(MustOpen(key, rank, size)); }));
  for (int rank = 0; rank < size; ++rank)
    EXPECT_EQ(WaitFor(children[rank]), 0) << "rank " << rank << " failed: see above";
}

void RunOnShmThreads(int size, const RankBody& body) {
  auto groups = MakeShmThreadCommunicators(size);
  ASSERT_TRUE(groups.ok()) << groups.status().ToString();
  RunOnThreads(std::move(groups).value(), body);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Shm, CommunicatorConformance,
    ::testing::Values(Transport{.name = "processes", .sizes = {1, 2, 3, 4}, .run = RunOnProcesses},
                      Transport{.name = "threads", .sizes = {1, 2, 3, 4}, .run = RunOnShmThreads}),
    [](const auto& instance) { return instance.param.name; });

TEST(ShmCommunicator, NamesAPeerThatWasKilledInTheMiddle) {
  const std::string key = FreshKey();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t victim = Fork([&] {
    auto group = MustOpen(key, 2, 3);
    Meet(*group);
    char byte = 'x';
    EXPECT_EQ(write(ready[1], &byte, 1), 1);
    pause();
  });
  std::vector<pid_t> survivors;
  for (int rank = 0; rank < 2; ++rank)
    survivors.push_back(Fork([&, rank] {
      auto group = MustOpen(key, rank, 3);
      Meet(*group);
      std::vector<float> data(1 << 20);
      const Status status =
          group->AllReduce({data.data(), data.size()}, ReduceOp::kSum, nullptr)->Wait(kPlenty);
      EXPECT_EQ(status.kind(), StatusKind::kUnavailable) << status.ToString();
      EXPECT_THAT(status.message(),
                  ::testing::HasSubstr("rank 2 never entered all-reduce #1: its process died"));
    }));
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  kill(victim, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(WaitFor(victim)));
  for (const pid_t survivor : survivors) EXPECT_EQ(WaitFor(survivor), 0);
  close(ready[0]);
  close(ready[1]);
}

TEST(ShmCommunicator, NamesTheRanksThatDidNotCome) {
  const std::string key = FreshKey();
  Status status[2];
  std::vector<std::thread> threads;
  for (const int rank : {0, 2})
    threads.emplace_back([&, rank] {
      status[rank / 2] = OpenShmCommunicator(key, rank, 4, std::chrono::milliseconds(50)).status();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(status[0].kind(), StatusKind::kDeadlineExceeded);
  EXPECT_THAT(status[0].message(), ::testing::HasSubstr("1, 3"));
  EXPECT_EQ(status[1].kind(), StatusKind::kDeadlineExceeded) << status[1].ToString();
}

// What rank 0 of 3 and the others in `claims` (rank, size) are told.
std::vector<Status> OpenAll(const std::vector<std::pair<int, int>>& claims) {
  const std::string key = FreshKey();
  std::vector<Status> told(claims.size() + 1);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < claims.size(); ++i)
    threads.emplace_back([&, i] {
      told[i + 1] = OpenShmCommunicator(key, claims[i].first, claims[i].second, kPlenty).status();
    });
  told[0] = OpenShmCommunicator(key, 0, 3, kPlenty).status();
  for (std::thread& thread : threads) thread.join();
  return told;
}

TEST(ShmCommunicator, RefusesARankClaimedTwice) {
  for (const Status& status : OpenAll({{1, 3}, {1, 3}})) {
    EXPECT_EQ(status.kind(), StatusKind::kInvalidArgument) << status.ToString();
    EXPECT_THAT(status.message(),
                ::testing::HasSubstr("two processes say that they are rank 1 of 3"));
  }
}

TEST(ShmCommunicator, RefusesRanksThatDisagreeAboutTheSize) {
  for (const Status& status : OpenAll({{1, 2}})) {
    EXPECT_EQ(status.kind(), StatusKind::kInvalidArgument) << status.ToString();
    EXPECT_THAT(status.message(), ::testing::HasSubstr("rank 1 of 2 came to a group of 3"));
  }
}

TEST(ShmCommunicator, LeavesNothingBehindWhenItsRanksAreKilled) {
  const std::string key = FreshKey();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  std::vector<pid_t> ranks;
  for (int rank = 0; rank < 2; ++rank)
    ranks.push_back(Fork([&, rank] {
      auto group = MustOpen(key, rank, 2);
      Meet(*group);
      char byte = 'x';
      EXPECT_EQ(write(ready[1], &byte, 1), 1);
      pause();
    }));
  for (int i = 0; i < 2; ++i) {
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
  }
  for (const pid_t rank : ranks) kill(rank, SIGKILL);
  for (const pid_t rank : ranks) EXPECT_TRUE(WIFSIGNALED(WaitFor(rank)));
  close(ready[0]);
  close(ready[1]);
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm"))
    EXPECT_EQ(entry.path().string().find("lockstep"), std::string::npos) << entry.path();
  // The name is free at once: the next generation may even use the same.
  RunOnThreads(
      [&key] {
        std::vector<std::unique_ptr<Communicator>> groups(2);
        std::thread other([&] { groups[1] = MustOpen(key, 1, 2); });
        groups[0] = MustOpen(key, 0, 2);
        other.join();
        return groups;
      }(),
      [](std::unique_ptr<Communicator> group) {
        CheckEverything(*group, DataType::kBFloat16, 100);
      });
}

// Two mappings, as of two processes, end the group at the same moment: for neither may it seem to
// go on, and both must be told the same reason.
TEST(ShmRegion, WhoeverEndsTheGroupSeesItEnded) {
  for (int round = 0; round < 2000; ++round) {
    const Result<int> file = ShmRegion::CreateFile(2);
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    std::array<std::shared_ptr<ShmRegion>, 2> regions;
    for (auto& region : regions) {
      auto mapped = ShmRegion::Map(*file, 2);
      ASSERT_TRUE(mapped.ok()) << mapped.status().ToString();
      region = *mapped;
    }
    close(*file);
    std::array<Status, 2> seen;
    std::atomic<int> ready{0};
    const auto end = [&](int rank) {
      EXPECT_FALSE(regions[rank]->ended());  // the page is there: both begin at the same moment
      ++ready;
      while (ready < 2) {
      }
      regions[rank]->End(rank, Aborted("rank " + std::to_string(rank)));
      seen[rank] = regions[rank]->reason();
    };
    std::thread other([&] { end(1); });
    end(0);
    other.join();
    ASSERT_EQ(seen[0].kind(), StatusKind::kAborted) << "round " << round;
    ASSERT_EQ(seen[0], seen[1]) << "round " << round;
  }
}

TEST(ShmCommunicator, RefusesMoreRanksThanItHasRoomFor) {
  EXPECT_EQ(OpenShmCommunicator(FreshKey(), 0, 257, kPlenty).status().kind(),
            StatusKind::kInvalidArgument);
}

}  // namespace lockstep
