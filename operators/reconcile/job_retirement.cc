#include "operators/reconcile/job_retirement.h"

#include <algorithm>

#include "operators/api/intent.h"
#include "operators/api/trial.h"
#include "operators/reconcile/deadline.h"

namespace lockstep {

bool WantsNoLogs(const TrainingJob& job) {
  return job.spec.clean_pod_policy == "All" && !WantsRetain(job.meta);
}

Retirement Retire(const TrainingJob& job, WallTime now) {
  Retirement retirement;
  const bool of_trial = std::ranges::any_of(
      job.meta.owner_references, [](const OwnerReference& o) { return o.kind == Trial::kKind; });
  if (job.status.logs_removed_time.empty()) {
    if (WantsLogsRemoved(job.meta)) {
      retirement.remove_logs = job.meta.annotations.at(kRemoveLogsAnnotation);
    } else if (!of_trial && WantsNoLogs(job)) {
      retirement.remove_logs = kCleanAll;
    }
  }
  if (of_trial || !job.spec.ttl_seconds_after_finished) return retirement;
  const auto left =
      TimeLeft(ApiSeconds(*job.spec.ttl_seconds_after_finished), job.status.completion_time, now);
  retirement.remove_job = left && left->count() == 0;
  if (!retirement.remove_job) retirement.look_in = left;
  return retirement;
}

}  // namespace lockstep
