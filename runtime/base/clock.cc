#include "runtime/base/clock.h"

#include <thread>

#include "runtime/base/check.h"

namespace lockstep {
namespace {

class MachineClock final : public Clock {
 public:
  WallTime Now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  MonotonicTime Monotonic() const override { return std::chrono::steady_clock::now(); }
  void SleepFor(std::chrono::milliseconds duration) override {
    std::this_thread::sleep_for(duration);
  }
};

}  // namespace

Clock& SystemClock() {
  static MachineClock clock;
  return clock;
}

WallTime FakeClock::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

MonotonicTime FakeClock::Monotonic() const {
  std::lock_guard lock(mutex_);
  return MonotonicTime(elapsed_);
}

void FakeClock::SleepFor(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  const auto wake = elapsed_ + duration;
  advanced_.wait(lock, [&] { return elapsed_ >= wake; });
}

void FakeClock::Advance(std::chrono::microseconds duration) {
  CHECK(duration.count() >= 0) << "time never goes back";
  {
    std::lock_guard lock(mutex_);
    now_ += duration;
    elapsed_ += duration;
  }
  advanced_.notify_all();
}

}  // namespace lockstep
