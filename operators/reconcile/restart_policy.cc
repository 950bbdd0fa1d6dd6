#include "operators/reconcile/restart_policy.h"

#include <algorithm>

#include "launcher/job_dir.h"
#include "operators/api/rank_place.h"

namespace lockstep {
namespace {

constexpr int kSignalExitCodes = 128;  // from here on a shell or runtime tells of a signal

int CountOf(const std::vector<RestartCount>& restarts, std::string_view cause) {
  const auto found = std::ranges::find(restarts, cause, &RestartCount::cause);
  return found == restarts.end() ? 0 : found->count;
}

std::string_view PolicyOf(const TrainingJobSpec& spec, const FirstFailure& failure) {
  const auto role = std::ranges::find(spec.roles, failure.role, &JobRole::name);
  if (role != spec.roles.end()) return role->restart_policy;
  const auto place = PlaceOfRank(spec, failure.rank);
  if (!place) return "";  // nobody's: the default
  return spec.roles[place->role].restart_policy;
}

bool IsForbidden(std::string_view policy, const FirstFailure& failure) {
  if (policy == "Never") return true;
  return policy == "ExitCode" && failure.signal == 0 && failure.exit_code < kSignalExitCodes;
}

}  // namespace

AfterFailure DecideRestart(const TrainingJobSpec& spec, const std::vector<RestartCount>& restarts,
                           const FirstFailure& failure) {
  const auto within = [](int count, int max) {
    return count < max ? AfterFailure::kRestart : AfterFailure::kOverBudget;
  };
  const std::string_view cause = failure.cause;
  if (cause == ExitCauseName(ExitCause::kLauncherLost)) {
    return within(CountOf(restarts, cause), kLostRestartsMax);
  }
  if (cause == ExitCauseName(ExitCause::kStartFailed) ||
      cause == ExitCauseName(ExitCause::kDeadline) || cause == ExitCauseName(ExitCause::kStopped)) {
    return AfterFailure::kUseless;
  }
  if (IsForbidden(PolicyOf(spec, failure), failure)) return AfterFailure::kForbidden;
  if (cause == ExitCauseName(ExitCause::kRestartMe)) {
    return within(CountOf(restarts, cause), kRequestedRestartsMax);
  }
  int counted = 0;
  for (const RestartCount& restart : restarts) {
    if (restart.cause != ExitCauseName(ExitCause::kLauncherLost) &&
        restart.cause != ExitCauseName(ExitCause::kRestartMe)) {
      counted += restart.count;
    }
  }
  return within(counted, spec.max_restarts);
}

void CountRestart(std::vector<RestartCount>& restarts, std::string_view cause) {
  const auto found = std::ranges::find(restarts, cause, &RestartCount::cause);
  if (found != restarts.end()) {
    ++found->count;
  } else {
    restarts.push_back({std::string(cause), 1});
  }
}

}  // namespace lockstep
