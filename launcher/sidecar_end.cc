#include "launcher/sidecar_end.h"

#include <signal.h>

#include <algorithm>

namespace lockstep {

void SidecarEnd::RanksEnded(TimePoint now, std::chrono::milliseconds grace) {
  grace_ = grace;
  for (Sidecar& sidecar : sidecars_) {
    sidecar.term_at = now + sidecar.linger;
    sidecar.kill_at = sidecar.term_at + grace;
  }
}

void SidecarEnd::Hurry(TimePoint now) {
  for (Sidecar& sidecar : sidecars_) {
    if (sidecar.term_at == TimePoint::max()) continue;  // has heard it
    sidecar.term_at = now;
    sidecar.kill_at = now + grace_;
  }
}

void SidecarEnd::KillAll(TimePoint now) {
  for (Sidecar& sidecar : sidecars_) {
    sidecar.term_at = TimePoint::max();
    sidecar.kill_at = now;
  }
}

SidecarEnd::TimePoint SidecarEnd::Next() const {
  TimePoint next = TimePoint::max();
  for (const Sidecar& sidecar : sidecars_)
    next = std::min({next, sidecar.term_at, sidecar.kill_at});
  return next;
}

std::vector<SidecarEnd::Due> SidecarEnd::TakeDue(TimePoint now) {
  std::vector<Due> due;
  for (Sidecar& sidecar : sidecars_) {
    if (sidecar.kill_at <= now) {
      due.push_back({sidecar.pid, SIGKILL});
      sidecar.kill_at = sidecar.term_at = TimePoint::max();
    } else if (sidecar.term_at <= now) {
      due.push_back({sidecar.pid, SIGTERM});
      sidecar.term_at = TimePoint::max();
    }
  }
  return due;
}

}  // namespace lockstep
