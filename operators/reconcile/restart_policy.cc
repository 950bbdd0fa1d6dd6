#include "operators/reconcile/restart_policy.h"

#include <algorithm>

#include "launcher/job_dir.h"
#include "runtime/base/check.h"

namespace lockstep {

bool RestartsAfter(const std::vector<std::string_view>& causes, int max_restarts) {
  CHECK(!causes.empty());
  const auto count = [&](ExitCause cause) {
    return static_cast<int>(std::count(causes.begin(), causes.end(), ExitCauseName(cause)));
  };
  const std::string_view last = causes.back();
  const int lost = count(ExitCause::kLauncherLost);
  const int requested = count(ExitCause::kRestartMe);
  const int suspended = count(ExitCause::kStopped);
  if (last == ExitCauseName(ExitCause::kLauncherLost)) return lost <= kLostRestartsMax;
  if (last == ExitCauseName(ExitCause::kRestartMe)) return requested <= kRequestedRestartsMax;
  if (last == ExitCauseName(ExitCause::kStartFailed) ||
      last == ExitCauseName(ExitCause::kDeadline) || last == ExitCauseName(ExitCause::kStopped))
    return false;
  return static_cast<int>(causes.size()) - lost - requested - suspended <= max_restarts;
}

}  // namespace lockstep
