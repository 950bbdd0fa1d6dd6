#include "runtime/base/clock.h"

#include <gtest/gtest.h>

#include <future>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

TEST(SystemClock, MonotonicTimeNeverGoesBackAndSleepTakesAtLeastItsTime) {
  const MonotonicTime before = SystemClock().Monotonic();
  SystemClock().SleepFor(2ms);
  EXPECT_GE(SystemClock().Monotonic() - before, 2ms);
}

TEST(SystemClock, NowIsAfterThisWasWritten) {
  EXPECT_GT(SystemClock().Now(), WallTime(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)));
}

TEST(FakeClock, StandsStillUntilItIsAdvanced) {
  const WallTime start(1'000'000us);
  FakeClock clock(start);
  const MonotonicTime before = clock.Monotonic();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(250us);
  EXPECT_EQ(clock.Now(), start + 250us);
  EXPECT_EQ(clock.Monotonic() - before, 250us);
}

TEST(FakeClock, SleepersWakeWhenTheirTimeHasComeAndNotBefore) {
  FakeClock clock(WallTime(0us));
  std::promise<void> started;
  auto slept = std::async(std::launch::async, [&] {
    started.set_value();
    clock.SleepFor(10ms);
    return clock.Now();
  });
  started.get_future().wait();
  // Whether the sleeper already waits or is about to: it must see at least 10 ms pass.
  while (slept.wait_for(1ms) != std::future_status::ready) clock.Advance(1ms);
  EXPECT_GE(slept.get(), WallTime(10ms));
}

TEST(FakeClock, SleepingForNoTimeReturnsAtOnce) {
  FakeClock clock(WallTime(0us));
  clock.SleepFor(0ms);
  EXPECT_EQ(clock.Now(), WallTime(0us));
}

TEST(FakeClockDeathTest, TimeNeverGoesBack) {
  FakeClock clock(WallTime(0us));
  EXPECT_DEATH(clock.Advance(-1us), "time never goes back");
}

}  // namespace
}  // namespace lockstep
