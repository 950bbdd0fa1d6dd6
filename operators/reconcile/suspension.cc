#include "operators/reconcile/suspension.h"

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/reconcile/deadline.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

constexpr char kSuspending[] = "TrainingJobSuspending";
constexpr char kSuspended[] = "TrainingJobSuspended";

}  // namespace

JobCourse CourseOf(const TrainingJob& job, WallTime now) {
  if (WantsStop(job.meta)) return JobCourse::kStop;
  const auto left = TimeLeft(DeadlineOf(job.meta), job.status.start_time, now);
  if (left && left->count() == 0) return JobCourse::kStopLate;
  if (!WantsSuspend(job.meta)) return JobCourse::kRun;
  return IsSuspended(job.status) ? JobCourse::kRest : JobCourse::kSuspend;
}

bool IsSuspended(const TrainingJobStatus& status) {
  return IsTrue(status.conditions, condition::kSuspended);
}

bool IsSuspending(const TrainingJobStatus& status) {
  const Condition* suspended = FindCondition(status.conditions, condition::kSuspended);
  return suspended != nullptr && suspended->reason == kSuspending;
}

void BeginSuspending(TrainingJobStatus& status, WallTime now) {
  SetFalse(status.conditions, condition::kSuspended, kSuspending,
           "the ranks are being stopped, with their grace period", now);
}

void FinishSuspending(TrainingJobStatus& status, bool started, WallTime now) {
  if (started) ++status.generation;
  status.active = 0;
  status.start_time.clear();
  if (IsTrue(status.conditions, condition::kRunning)) {
    SetFalse(status.conditions, condition::kRunning, kSuspended, "TrainingJob is suspended", now);
  }
  RemoveCondition(status.conditions, condition::kRestarting);
  SetTrue(status.conditions, condition::kSuspended, kSuspended,
          "no rank runs; it goes on as start " + std::to_string(status.generation + 1) +
              " once lockstep.dev/suspend is removed",
          now);
}

void Resume(TrainingJobStatus& status, WallTime now) {
  CHECK(IsSuspended(status));
  SetFalse(status.conditions, condition::kSuspended, "TrainingJobResumed", "TrainingJob is resumed",
           now);
}

}  // namespace lockstep
