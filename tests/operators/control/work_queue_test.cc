#include "operators/control/work_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace lockstep {
namespace {

using std::chrono::milliseconds;

ObjectKey Key(const std::string& name) { return {"Trial", "default", name}; }

class WorkQueueTest : public testing::Test {
 protected:
  FakeClock clock{WallTime{}};
  WorkQueue queue{clock,
                  {.backoff_first = milliseconds(100),
                   .backoff_max = milliseconds(1000),
                   .jitter = 0.25,
                   .keys_max = 4}};
};

TEST_F(WorkQueueTest, HandsOutAKeyOnceHoweverOftenItWasAdded) {
  queue.Add(Key("a"));
  queue.Add(Key("b"));
  queue.Add(Key("a"));
  EXPECT_EQ(queue.TryGet(), Key("a"));
  EXPECT_EQ(queue.TryGet(), Key("b"));
  EXPECT_EQ(queue.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, AKeyThatIsWorkedOnIsHandedOutAgainOnlyAfterDone) {
  queue.Add(Key("a"));
  queue.TryGet();
  queue.Add(Key("a"));
  EXPECT_EQ(queue.TryGet(), std::nullopt);
  queue.Done(Key("a"));
  EXPECT_EQ(queue.TryGet(), Key("a"));
  queue.Done(Key("a"));
  EXPECT_EQ(queue.TryGet(), std::nullopt);
  EXPECT_TRUE(queue.Counts().idle());
}

TEST_F(WorkQueueTest, TheEarliestDelayCounts) {
  queue.AddAfter(Key("a"), milliseconds(50));
  queue.AddAfter(Key("a"), milliseconds(20));
  queue.AddAfter(Key("a"), milliseconds(90));
  clock.Advance(milliseconds(19));
  EXPECT_EQ(queue.TryGet(), std::nullopt);
  clock.Advance(milliseconds(1));
  EXPECT_EQ(queue.TryGet(), Key("a"));
  queue.Done(Key("a"));
  clock.Advance(milliseconds(100));
  EXPECT_EQ(queue.TryGet(), std::nullopt) << "the later times were merged into the earliest";
}

TEST_F(WorkQueueTest, HandingAKeyOutUsesItsDelayUp) {
  queue.AddAfter(Key("a"), milliseconds(20));
  queue.Add(Key("a"));
  EXPECT_EQ(queue.TryGet(), Key("a"));
  EXPECT_EQ(queue.Counts().delayed, 0U);
}

TEST_F(WorkQueueTest, BackOffDoublesUpToItsCapAndStartsAgainAfterSuccess) {
  const auto delay_after_failure = [&] {
    queue.AddAfterFailure(Key("a"));
    milliseconds waited{0};
    while (!queue.TryGet()) {
      clock.Advance(milliseconds(1));
      ++waited;
    }
    queue.Done(Key("a"));
    return waited.count();
  };
  for (const int full : {100, 200, 400, 800, 1000, 1000, 1000}) {
    const auto waited = delay_after_failure();
    EXPECT_LE(waited, full);
    EXPECT_GE(waited, full * 3 / 4);
  }
  queue.ClearFailures(Key("a"));
  EXPECT_LE(delay_after_failure(), 100);
}

TEST_F(WorkQueueTest, RefusesMoreThanItsBound) {
  for (const char* name : {"a", "b"}) EXPECT_TRUE(queue.Add(Key(name)));
  for (const char* name : {"c", "d"}) EXPECT_TRUE(queue.AddAfter(Key(name), milliseconds(5)));
  EXPECT_FALSE(queue.Add(Key("e")));
  EXPECT_FALSE(queue.AddAfter(Key("e"), milliseconds(5)));
  EXPECT_TRUE(queue.Add(Key("a"))) << "it is there already";
  clock.Advance(milliseconds(5));
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_EQ(queue.TryGet(), Key(name));
}

TEST_F(WorkQueueTest, CountsWhatIsLeftToDo) {
  queue.Add(Key("busy"));
  queue.TryGet();
  queue.Add(Key("busy"));
  queue.Add(Key("queued"));
  queue.AddAfter(Key("delayed"), milliseconds(5));
  EXPECT_EQ(queue.Counts().busy, 1U);
  EXPECT_EQ(queue.Counts().queued, 2U);
  EXPECT_EQ(queue.Counts().delayed, 1U);
  EXPECT_FALSE(queue.Counts().idle());
}

TEST_F(WorkQueueTest, ShutDownWakesWhoeverWaits) {
  std::thread waiter([&] { EXPECT_EQ(queue.Get(), std::nullopt); });
  queue.ShutDown();
  waiter.join();
  EXPECT_TRUE(queue.Add(Key("a")));
  EXPECT_EQ(queue.Get(), std::nullopt);
}

TEST(WorkQueue, ADelayedKeyWakesAWaiter) {
  WorkQueue queue(SystemClock());
  queue.AddAfter(Key("late"), std::chrono::hours(1));
  std::thread adder([&] { queue.AddAfter(Key("soon"), milliseconds(1)); });
  EXPECT_EQ(queue.Get(), Key("soon"));
  adder.join();
}

TEST(WorkQueue, NeverGivesAKeyToTwoWorkersAndMissesNoAdd) {
  constexpr int kKeys = 5;
  constexpr int kAdds = 2000;
  WorkQueue queue(SystemClock());
  std::atomic<int> at_work[kKeys] = {};
  std::atomic<int> wanted[kKeys] = {};
  std::atomic<int> seen[kKeys] = {};
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      while (auto key = queue.Get()) {
        const int k = std::stoi(key->name);
        EXPECT_EQ(at_work[k].fetch_add(1), 0);
        seen[k] = wanted[k].load();
        at_work[k].fetch_sub(1);
        queue.Done(*key);
      }
    });
  }
  for (int i = 0; i < kAdds; ++i) {
    wanted[i % kKeys].fetch_add(1);
    queue.Add(Key(std::to_string(i % kKeys)));
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!queue.Counts().idle() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  queue.ShutDown();
  for (std::thread& worker : workers) worker.join();
  for (int k = 0; k < kKeys; ++k) EXPECT_EQ(seen[k], kAdds / kKeys) << k;
}

}  // namespace
}  // namespace lockstep
