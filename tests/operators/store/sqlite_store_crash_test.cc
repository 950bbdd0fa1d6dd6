// kill -9 at random moments: every acknowledged write is there afterwards.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <random>
#include <set>

#include "operators/store/sqlite_store.h"
#include "tests/operators/store/temporary_folder.h"

namespace lockstep {
namespace {

constexpr int kRounds = 20;

// Creates objects until it is killed; tells on `pipe` the number of each that was acknowledged.
[[noreturn]] void WriteForever(const std::string& path, int pipe, std::uint32_t first) {
  const auto store = std::move(SqliteStore::Open(path)).value();
  for (std::uint32_t i = first;; ++i) {
    Trial trial;
    trial.meta.name = "t" + std::to_string(i);
    trial.meta.namespace_ = "default";
    if (!store->Create(trial).ok() || write(pipe, &i, sizeof(i)) != sizeof(i)) _exit(1);
  }
}

TEST(SqliteStoreCrash, KeepsEveryAcknowledgedWriteOverKillNine) {
  const std::random_device::result_type seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  std::uint32_t next = 0;
  std::set<std::uint32_t> acknowledged;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      WriteForever(path, ends[1], next);
    }
    close(ends[1]);
    const auto read_one = [&] {
      std::uint32_t number = 0;
      pollfd readable{ends[0], POLLIN, 0};
      if (poll(&readable, 1, 30'000) != 1) return false;
      if (read(ends[0], &number, sizeof(number)) != sizeof(number)) return false;
      acknowledged.insert(number);
      next = std::max(next, number + 1);
      return true;
    };
    const int writes = 1 + static_cast<int>(random() % 30);
    for (int i = 0; i < writes; ++i) ASSERT_TRUE(read_one()) << "round " << round;
    // A little later than an acknowledgement, so that it dies in the middle of a write, too.
    for (std::uint32_t spin = random() % 100'000; spin > 0; --spin) asm volatile("");
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    while (read_one()) {
    }
    close(ends[0]);
    const auto store = std::move(SqliteStore::Open(path)).value();
    for (const std::uint32_t number : acknowledged) {
      ASSERT_TRUE(store->Get({"Trial", "default", "t" + std::to_string(number)}).ok())
          << "round " << round << ", write " << number;
    }
    ++next;  // that one may have been made without being acknowledged
  }
  std::cout << acknowledged.size() << " writes acknowledged\n";
}

}  // namespace
}  // namespace lockstep
