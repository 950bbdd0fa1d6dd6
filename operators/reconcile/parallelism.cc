#include "operators/reconcile/parallelism.h"

#include <algorithm>

namespace lockstep {

int MoreTrials(const ExperimentSpec& spec, const ExperimentStatus& status) {
  constexpr int kDefaultParallelTrials = 3;
  const int active = status.trials_pending + status.trials_running;
  int more = spec.parallel_trial_count.value_or(kDefaultParallelTrials) - active;
  if (spec.max_trial_count) more = std::min(more, *spec.max_trial_count - status.trials);
  return std::max(more, 0);
}

}  // namespace lockstep
