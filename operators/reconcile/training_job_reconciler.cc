#include "operators/reconcile/training_job_reconciler.h"

#include <algorithm>

#include "launcher/job_dir.h"
#include "launcher/run_identity.h"
#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/api/managed_by.h"
#include "operators/backend/job_plan.h"
#include "operators/reconcile/deadline.h"
#include "operators/reconcile/job_retirement.h"
#include "operators/reconcile/job_status.h"
#include "operators/reconcile/ownership.h"
#include "operators/reconcile/resource_claims.h"
#include "operators/reconcile/restart_policy.h"
#include "operators/reconcile/suspension.h"
#include "operators/store/config_maps.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

// Of a job whose end the backend will tell, in case that it does not.
constexpr std::chrono::milliseconds kSafetyPoll{2000};
constexpr std::chrono::seconds kConfigMapPoll{1};
// Of a job that waits for others to end, which wakes it, in case that it does not. Long, since
// thousands may wait.
constexpr std::chrono::seconds kQueuePoll{60};

FirstFailure NoRankToBlame(ExitCause cause, std::string message) {
  FirstFailure failure;
  failure.cause = ExitCauseName(cause);
  failure.message = std::move(message);
  return failure;
}

FirstFailure DirectoryGone() {
  return NoRankToBlame(ExitCause::kLauncherLost, "its job directory was removed while it ran");
}

bool WasStopped(const JobObservation& observed) {
  return observed.first_failure &&
         observed.first_failure->cause == ExitCauseName(ExitCause::kStopped);
}

class TrainingJobReconciler final : public Reconciler {
 public:
  TrainingJobReconciler(Store& store, JobBackend& backend, Clock& clock,
                        std::chrono::milliseconds poll, std::shared_ptr<ResourceClaims> claims)
      : store_(store), backend_(backend), clock_(clock), poll_(poll), claims_(std::move(claims)) {}

  Result<Requeue> Reconcile(const ObjectKey& key) override {
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<TrainingJob> found, Find<TrainingJob>(store_, key));
    if (!found) return Requeue{};
    TrainingJob& job = *found;
    if (!job.meta.deletion_timestamp.empty()) return Delete(job, key);
    if (IsManagedElsewhere(job.spec.managed_by)) return Requeue{};
    if (HasEnded(job.status.conditions)) return RetireJob(job, key);
    ShowCreated(job.status, clock_.Now());
    LOCKSTEP_ASSIGN_OR_RETURN(const Requeue requeue, Follow(job, CourseOf(job, clock_.Now())));
    const Result<ObjectPtr> written = store_.UpdateStatus(std::move(job));
    if (!written.ok()) return written.status();
    return requeue;
  }

 private:
  static JobId IdOf(const TrainingJob& job, int generation) {
    return {job.meta.namespace_, job.meta.name, job.meta.uid, generation};
  }

  Result<Requeue> Delete(const TrainingJob& job, const ObjectKey& key) {
    LOCKSTEP_ASSIGN_OR_RETURN(const bool stopped, backend_.Stop(IdOf(job, job.status.generation)));
    if (!stopped) return Requeue{poll_};
    // What it left behind is kept by the rule that holds for all jobs (retention.h).
    const Status removed = store_.Remove(key);
    if (!removed.ok() && removed.kind() != StatusKind::kNotFound) return removed;
    return Requeue{};
  }

  Result<Requeue> Follow(TrainingJob& job, JobCourse course) {
    switch (course) {
      case JobCourse::kRest: return Requeue{};
      case JobCourse::kSuspend: return Suspend(job);
      case JobCourse::kStop:
        return Stop(job, reason::kTrainingJobStopped, job.meta.annotations.at(kStopAnnotation));
      case JobCourse::kStopLate: return StopLate(job);
      case JobCourse::kRun: break;
    }
    if (IsSuspended(job.status)) {
      // Written down before anything starts: who suspends it again must not take it for at rest.
      Resume(job.status, clock_.Now());
      ReleaseResources(job.status);
      return Requeue{std::chrono::milliseconds(0)};
    }
    ResourceDecision resources;
    if (claims_) {
      LOCKSTEP_ASSIGN_OR_RETURN(resources, claims_->Claim(job));
    }
    if (resources.kind == ResourceDecision::Kind::kNever) {
      Fail(job, NoRankToBlame(ExitCause::kStartFailed, resources.message));
      return Requeue{};
    }
    if (resources.kind == ResourceDecision::Kind::kWait) {
      ShowQueued(job.status, resources, clock_.Now());
      return Requeue{kQueuePoll};
    }
    LeaveQueue(job.status);
    if (job.status.start_time.empty()) job.status.start_time = FormatTime(clock_.Now());
    return Run(job);
  }

  // Of a job that has ended.
  Result<Requeue> RetireJob(TrainingJob& job, const ObjectKey& key) {
    const Retirement retirement = Retire(job, clock_.Now());
    if (retirement.remove_job) {
      LOCKSTEP_RETURN_IF_ERROR(ForgetAll(job));
      const Status deleted = store_.Delete(key);  // its change brings it back to be cleaned up
      if (!deleted.ok() && deleted.kind() != StatusKind::kNotFound) return deleted;
      return Requeue{};
    }
    if (retirement.remove_logs) {
      LOCKSTEP_RETURN_IF_ERROR(ForgetAll(job));
      job.status.logs_removed_time = FormatTime(clock_.Now());
      job.status.logs_removed_message = *retirement.remove_logs;
      const Result<ObjectPtr> written = store_.UpdateStatus(std::move(job));
      if (!written.ok()) return written.status();
    }
    return Requeue{retirement.look_in};
  }

  Status ForgetAll(const TrainingJob& job) {
    for (int generation = 0; generation <= job.status.generation; ++generation)
      LOCKSTEP_RETURN_IF_ERROR(backend_.Forget(IdOf(job, generation)));
    return OkStatus();
  }

  Result<Requeue> StopLate(TrainingJob& job) {
    const auto deadline = NearestDeadline(job, clock_.Now());
    const bool of_spec = deadline && deadline->of_spec;
    const std::string which =
        of_spec ? "activeDeadlineSeconds, " + std::to_string(*job.spec.active_deadline_seconds)
                : "lockstep.dev/deadline, " + job.meta.annotations.at(kDeadlineAnnotation);
    job.status.first_failure =
        NoRankToBlame(ExitCause::kDeadline, "it ran past its deadline " + which);
    return Stop(job, of_spec ? reason::kTrainingJobFailed : reason::kTrainingJobDeadlineExceeded,
                job.status.first_failure->message);
  }

  // For good.
  Result<Requeue> Stop(TrainingJob& job, const char* end_reason, const std::string& why) {
    const JobId id = IdOf(job, job.status.generation);
    LOCKSTEP_ASSIGN_OR_RETURN(const bool stopped, backend_.Stop(id));
    if (!stopped) return Requeue{poll_};
    LOCKSTEP_ASSIGN_OR_RETURN(const JobObservation observed, backend_.Observe(id));
    ShowRanks(job.spec, observed, job.status);
    if (observed.phase == JobPhase::kSucceeded) {
      job.status.first_failure.reset();
      Succeed(job);  // it was faster
    } else {
      End(job, condition::kFailed, end_reason, why);
    }
    return Requeue{};
  }

  Result<Requeue> Suspend(TrainingJob& job) {
    if (!IsSuspending(job.status)) {
      BeginSuspending(job.status, clock_.Now());
      return Requeue{std::chrono::milliseconds(0)};
    }
    const JobId id = IdOf(job, job.status.generation);
    LOCKSTEP_ASSIGN_OR_RETURN(const bool stopped, backend_.Stop(id));
    if (!stopped) return Requeue{poll_};
    LOCKSTEP_ASSIGN_OR_RETURN(const JobObservation observed, backend_.Observe(id));
    const bool ran = IsTrue(job.status.conditions, condition::kRunning);
    ShowRanks(job.spec, observed, job.status);
    if (observed.phase == JobPhase::kSucceeded) {
      Succeed(job);
    } else if (observed.phase == JobPhase::kNotFound && !ran) {
      FinishSuspending(job.status, false, clock_.Now());
    } else if (WasStopped(observed)) {
      FinishSuspending(job.status, true, clock_.Now());
    } else {  // it had failed by itself
      return RestartOrFail(job, observed.first_failure.value_or(DirectoryGone()));
    }
    return Requeue{};
  }

  Result<Requeue> Run(TrainingJob& job) {
    const JobId id = IdOf(job, job.status.generation);
    LOCKSTEP_ASSIGN_OR_RETURN(JobObservation observed, backend_.Observe(id));
    if (observed.phase == JobPhase::kNotFound &&
        IsTrue(job.status.conditions, condition::kRunning)) {
      // It ran, and what it left behind is gone: to apply the plan again would run it twice.
      observed.phase = JobPhase::kFailed;
      observed.first_failure = DirectoryGone();
    } else if (observed.phase == JobPhase::kNotFound) {
      Result<JobPlan> plan =
          MakeJobPlan(job, id.generation, HostName(), ConfigMapsOf(store_), SecretsOf(store_));
      if (plan.status().kind() == StatusKind::kNotFound) return Wait(job, plan.status().message());
      if (plan.ok()) {
        plan->rank_devices = DevicesOfRanks(job.spec, job.status.devices);
        plan->spec.active_deadline_seconds = ActiveSecondsLeft(job, clock_.Now());
      }
      const Status applied = plan.ok() ? backend_.Apply(*plan) : plan.status();
      if (applied.kind() == StatusKind::kInvalidArgument) {
        Fail(job, NoRankToBlame(ExitCause::kStartFailed, applied.message()));
        return Requeue{};
      }
      LOCKSTEP_RETURN_IF_ERROR(applied);
      LOCKSTEP_ASSIGN_OR_RETURN(observed, backend_.Observe(id));
    }
    ShowRanks(job.spec, observed, job.status);
    switch (observed.phase) {
      case JobPhase::kSucceeded: Succeed(job); return Requeue{};
      case JobPhase::kFailed:
        if (WasStopped(observed) && IsSuspending(job.status)) {  // and the wish was withdrawn
          FinishSuspending(job.status, true, clock_.Now());
          return Requeue{std::chrono::milliseconds(0)};
        }
        return RestartOrFail(job, observed.first_failure.value_or(NoRankToBlame(
                                      ExitCause::kLauncherLost, "the backend does not say why")));
      case JobPhase::kRunning: ShowRunning(job.status, clock_.Now()); break;
      case JobPhase::kNotFound:
      case JobPhase::kStarting: break;
    }
    // The end of a job that runs is told; that its ranks have started is not.
    const bool is_told = observed.phase == JobPhase::kRunning && observed.end_is_told;
    return Requeue{NotAfterDeadline(job, is_told ? kSafetyPoll : poll_)};
  }

  std::chrono::milliseconds NotAfterDeadline(const TrainingJob& job,
                                             std::chrono::milliseconds look) const {
    const auto deadline = NearestDeadline(job, clock_.Now());
    return deadline ? std::min(look, deadline->left) : look;
  }

  // For a ConfigMap or a Secret, as a pod does.
  Result<Requeue> Wait(TrainingJob& job, const std::string& message) {
    SetFalse(job.status.conditions, condition::kRunning, reason::kCreateContainerConfigError,
             message, clock_.Now());
    return Requeue{NotAfterDeadline(job, kConfigMapPoll)};
  }

  Result<Requeue> RestartOrFail(TrainingJob& job, const FirstFailure& failure) {
    switch (DecideRestart(job.spec, job.status.restarts, failure)) {
      case AfterFailure::kRestart:
        ShowRestart(job.status, failure, clock_.Now());
        return Requeue{std::chrono::milliseconds(0)};
      case AfterFailure::kOverBudget:
        Fail(job, failure,
             job.spec.max_restarts > 0 ? reason::kTrainingJobBackoffLimitExceeded
                                       : reason::kTrainingJobFailed);
        return Requeue{};
      case AfterFailure::kForbidden:
      case AfterFailure::kUseless: Fail(job, failure); return Requeue{};
    }
    return Requeue{};
  }

  void End(TrainingJob& job, const char* type, const char* reason, const std::string& message) {
    job.status.log_bytes = LogBytes(job);
    ShowEnd(job.status, type, reason, message, clock_.Now());
  }
  // What cannot be measured counts for nothing; the end of a job does not wait for it.
  std::int64_t LogBytes(const TrainingJob& job) {
    std::uint64_t bytes = 0;
    for (int generation = 0; generation <= job.status.generation; ++generation) {
      const Result<std::uint64_t> size = backend_.Size(IdOf(job, generation));
      if (size.ok()) bytes += *size;
    }
    return static_cast<std::int64_t>(bytes);
  }
  void Succeed(TrainingJob& job) {
    End(job, condition::kSucceeded, "TrainingJobSucceeded", "TrainingJob has succeeded");
  }
  void Fail(TrainingJob& job, const FirstFailure& failure,
            const char* end_reason = reason::kTrainingJobFailed) {
    job.status.first_failure = failure;
    End(job, condition::kFailed, end_reason, failure.message);
  }

  Store& store_;
  JobBackend& backend_;
  Clock& clock_;
  const std::chrono::milliseconds poll_;
  const std::shared_ptr<ResourceClaims> claims_;  // null: nothing is bounded
};

}  // namespace

std::unique_ptr<Reconciler> MakeTrainingJobReconciler(Store& store, JobBackend& backend,
                                                      Clock& clock, std::chrono::milliseconds poll,
                                                      std::shared_ptr<ResourceClaims> claims) {
  return std::make_unique<TrainingJobReconciler>(store, backend, clock, poll, std::move(claims));
}

}  // namespace lockstep
