#include "operators/reconcile/suspension.h"

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/reconcile/deadline.h"
#include "operators/reconcile/job_status.h"
#include "runtime/base/check.h"
#include "runtime/base/metric_line.h"

namespace lockstep {

JobCourse CourseOf(const TrainingJob& job, WallTime now) {
  if (WantsStop(job.meta)) return JobCourse::kStop;
  const bool suspend = WantsSuspend(job.meta) || job.spec.suspend;
  if (IsSuspended(job.status)) return suspend ? JobCourse::kRest : JobCourse::kRun;
  const std::optional<JobDeadline> deadline = NearestDeadline(job, now);
  if (deadline && deadline->left.count() == 0) return JobCourse::kStopLate;
  return suspend ? JobCourse::kSuspend : JobCourse::kRun;
}

bool IsSuspended(const TrainingJobStatus& status) {
  return IsTrue(status.conditions, condition::kSuspended);
}

bool IsSuspending(const TrainingJobStatus& status) {
  const Condition* suspended = FindCondition(status.conditions, condition::kSuspended);
  return suspended != nullptr && suspended->reason == reason::kTrainingJobSuspending;
}

void BeginSuspending(TrainingJobStatus& status, WallTime now) {
  SetFalse(status.conditions, condition::kSuspended, reason::kTrainingJobSuspending,
           "the ranks are being stopped, with their grace period", now);
}

void FinishSuspending(TrainingJobStatus& status, bool started, WallTime now) {
  if (started) ++status.generation;
  ShowNoRank(status);
  LeaveQueue(status);
  if (IsTrue(status.conditions, condition::kRunning)) {
    SetFalse(status.conditions, condition::kRunning, reason::kTrainingJobSuspended,
             "TrainingJob is suspended", now);
  }
  RemoveCondition(status.conditions, condition::kRestarting);
  SetTrue(status.conditions, condition::kSuspended, reason::kTrainingJobSuspended,
          "no rank runs; it goes on as start " + std::to_string(status.generation + 1) +
              " once it is resumed (suspend: false, and no annotation lockstep.dev/suspend)",
          now);
}

void Resume(TrainingJobStatus& status, WallTime now) {
  CHECK(IsSuspended(status));
  SetFalse(status.conditions, condition::kSuspended, reason::kTrainingJobResumed,
           "TrainingJob is resumed", now);
  status.start_time.clear();  // until it has what it asks for: its deadline does not run before
}

}  // namespace lockstep
