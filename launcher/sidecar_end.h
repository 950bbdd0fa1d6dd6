// When the sidecars of a job are to be signalled, once its ranks have ended: each may linger for a
// while, then SIGTERM, then SIGKILL after the grace period. Pure: it does nothing.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <vector>

namespace lockstep {

class SidecarEnd {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Due {
    pid_t pid;
    int signal_number;
  };

  void Add(pid_t pid, std::chrono::milliseconds linger) { sidecars_.push_back({pid, linger}); }
  void RanksEnded(TimePoint now, std::chrono::milliseconds grace);
  // Nobody lingers any more.
  void Hurry(TimePoint now);
  void KillAll(TimePoint now);

  // max(): none.
  TimePoint Next() const;
  // What is due by `now`, each once.
  std::vector<Due> TakeDue(TimePoint now);

 private:
  struct Sidecar {
    pid_t pid;
    std::chrono::milliseconds linger;
    TimePoint term_at = TimePoint::max();
    TimePoint kill_at = TimePoint::max();
  };
  std::vector<Sidecar> sidecars_;
  std::chrono::milliseconds grace_{0};
};

}  // namespace lockstep
