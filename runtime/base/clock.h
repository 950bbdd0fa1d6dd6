// Time as a parameter: what must be told the time, or must wait, takes a Clock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace lockstep {

// Microseconds since the Unix epoch, UTC.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
// Never goes back; only differences mean something.
using MonotonicTime = std::chrono::steady_clock::time_point;

// Thread safety: all methods from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  virtual MonotonicTime Monotonic() const = 0;
  virtual void SleepFor(std::chrono::milliseconds duration) = 0;
};

// The machine's clocks. Stateless; lives as long as the process.
Clock& SystemClock();

// Stands still until Advance is called; sleepers wake when their time has come.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime start) : now_(start) {}
  WallTime Now() const override;
  MonotonicTime Monotonic() const override;
  void SleepFor(std::chrono::milliseconds duration) override;
  void Advance(std::chrono::microseconds duration);

 private:
  mutable std::mutex mutex_;
  std::condition_variable advanced_;
  WallTime now_;                          // guarded by mutex_
  std::chrono::microseconds elapsed_{0};  // guarded by mutex_
};

}  // namespace lockstep
