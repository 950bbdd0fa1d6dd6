#include "operators/reconcile/training_job_reconciler.h"

#include <algorithm>

#include "launcher/job_dir.h"
#include "launcher/run_identity.h"
#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/backend/job_plan.h"
#include "operators/reconcile/deadline.h"
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
// Of a job that waits for others to end, which wakes it, in case that it does not.
constexpr std::chrono::seconds kQueuePoll{5};

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
                        std::chrono::milliseconds poll, std::optional<MachineResources> machine)
      : store_(store),
        backend_(backend),
        clock_(clock),
        poll_(poll),
        claims_(store, std::move(machine)) {}

  Result<Requeue> Reconcile(const ObjectKey& key) override {
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<TrainingJob> found, Find<TrainingJob>(store_, key));
    if (!found) return Requeue{};
    TrainingJob& job = *found;
    if (!job.meta.deletion_timestamp.empty()) return Delete(job, key);
    if (HasEnded(job.status.conditions)) return RemoveLogs(job);
    SetTrue(job.status.conditions, condition::kCreated, "TrainingJobCreated",
            "TrainingJob is created", clock_.Now());
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
    LOCKSTEP_RETURN_IF_ERROR(ForgetAll(job));
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
      case JobCourse::kStopLate:
        job.status.first_failure =
            NoRankToBlame(ExitCause::kDeadline, "it ran past its deadline lockstep.dev/deadline, " +
                                                    job.meta.annotations.at(kDeadlineAnnotation));
        return Stop(job, reason::kTrainingJobDeadlineExceeded, job.status.first_failure->message);
      case JobCourse::kRun: break;
    }
    if (IsSuspended(job.status)) {
      // Written down before anything starts: who suspends it again must not take it for at rest.
      Resume(job.status, clock_.Now());
      ReleaseResources(job.status);
      return Requeue{std::chrono::milliseconds(0)};
    }
    LOCKSTEP_ASSIGN_OR_RETURN(const ResourceDecision resources, claims_.Claim(job));
    if (resources.kind == ResourceDecision::Kind::kNever) {
      Fail(job, NoRankToBlame(ExitCause::kStartFailed, resources.message));
      return Requeue{};
    }
    if (resources.kind == ResourceDecision::Kind::kWait) {
      ShowQueued(job.status, resources, clock_.Now());
      return Requeue{kQueuePoll};
    }
    if (job.status.start_time.empty()) job.status.start_time = FormatTime(clock_.Now());
    return Run(job);
  }

  // Of a job that has ended, once that is wanted.
  Result<Requeue> RemoveLogs(TrainingJob& job) {
    if (!WantsLogsRemoved(job.meta) || !job.status.logs_removed_time.empty()) return Requeue{};
    LOCKSTEP_RETURN_IF_ERROR(ForgetAll(job));
    job.status.logs_removed_time = FormatTime(clock_.Now());
    job.status.logs_removed_message = job.meta.annotations.at(kRemoveLogsAnnotation);
    const Result<ObjectPtr> written = store_.UpdateStatus(std::move(job));
    if (!written.ok()) return written.status();
    return Requeue{};
  }

  Status ForgetAll(const TrainingJob& job) {
    for (int generation = 0; generation <= job.status.generation; ++generation)
      LOCKSTEP_RETURN_IF_ERROR(backend_.Forget(IdOf(job, generation)));
    return OkStatus();
  }

  // For good.
  Result<Requeue> Stop(TrainingJob& job, const char* end_reason, const std::string& why) {
    const JobId id = IdOf(job, job.status.generation);
    LOCKSTEP_ASSIGN_OR_RETURN(const bool stopped, backend_.Stop(id));
    if (!stopped) return Requeue{poll_};
    LOCKSTEP_ASSIGN_OR_RETURN(const JobObservation observed, backend_.Observe(id));
    if (observed.phase == JobPhase::kSucceeded) {
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
      if (plan.ok()) plan->rank_devices = DevicesOfRanks(job.spec, job.status.devices);
      const Status applied = plan.ok() ? backend_.Apply(*plan) : plan.status();
      if (applied.kind() == StatusKind::kInvalidArgument) {
        Fail(job, NoRankToBlame(ExitCause::kStartFailed, applied.message()));
        return Requeue{};
      }
      LOCKSTEP_RETURN_IF_ERROR(applied);
      LOCKSTEP_ASSIGN_OR_RETURN(observed, backend_.Observe(id));
    }
    job.status.active = observed.phase == JobPhase::kRunning ? observed.active : 0;
    switch (observed.phase) {
      case JobPhase::kSucceeded: Succeed(job); return Requeue{};
      case JobPhase::kFailed:
        if (WasStopped(observed) && IsSuspending(job.status)) {  // and the wish was withdrawn
          FinishSuspending(job.status, true, clock_.Now());
          return Requeue{std::chrono::milliseconds(0)};
        }
        return RestartOrFail(job, observed.first_failure.value_or(NoRankToBlame(
                                      ExitCause::kLauncherLost, "the backend does not say why")));
      case JobPhase::kNotFound:
      case JobPhase::kStarting:
      case JobPhase::kRunning: break;
    }
    RemoveCondition(job.status.conditions, condition::kRestarting);
    SetTrue(job.status.conditions, condition::kRunning, "TrainingJobRunning",
            "TrainingJob is running", clock_.Now());
    const std::chrono::milliseconds look = observed.end_is_told ? kSafetyPoll : poll_;
    const auto left = TimeLeft(DeadlineOf(job.meta), job.status.start_time, clock_.Now());
    return Requeue{std::min(look, left.value_or(look))};
  }

  // For a ConfigMap or a Secret, as a pod does.
  Result<Requeue> Wait(TrainingJob& job, const std::string& message) {
    SetFalse(job.status.conditions, condition::kRunning, reason::kCreateContainerConfigError,
             message, clock_.Now());
    return Requeue{kConfigMapPoll};
  }

  Result<Requeue> RestartOrFail(TrainingJob& job, const FirstFailure& failure) {
    std::vector<std::string> causes;
    for (int generation = 0; generation < job.status.generation; ++generation) {
      LOCKSTEP_ASSIGN_OR_RETURN(const JobObservation before,
                                backend_.Observe(IdOf(job, generation)));
      // What a generation left behind may have been removed; that was no fault of the program.
      causes.push_back(before.first_failure ? before.first_failure->cause
                                            : std::string(ExitCauseName(ExitCause::kLauncherLost)));
    }
    causes.push_back(failure.cause);
    if (!RestartsAfter({causes.begin(), causes.end()}, job.spec.max_restarts)) {
      Fail(job, failure);
      return Requeue{};
    }
    job.status.first_failure = failure;
    ++job.status.generation;
    if (IsTrue(job.status.conditions, condition::kRunning)) {
      SetFalse(job.status.conditions, condition::kRunning, "TrainingJobRestarting", failure.message,
               clock_.Now());
    }
    SetTrue(job.status.conditions, condition::kRestarting, "TrainingJobRestarting",
            "start " + std::to_string(job.status.generation + 1) + ", because " + failure.message,
            clock_.Now());
    return Requeue{std::chrono::milliseconds(0)};
  }

  void End(TrainingJob& job, const char* type, const char* reason, const std::string& message) {
    job.status.active = 0;
    SetEnded(job.status.conditions, type, reason, message, clock_.Now());
    job.status.log_bytes = LogBytes(job);
    job.status.completion_time = FormatTime(clock_.Now());
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
  void Fail(TrainingJob& job, const FirstFailure& failure) {
    job.status.first_failure = failure;
    End(job, condition::kFailed, "TrainingJobFailed", failure.message);
  }

  Store& store_;
  JobBackend& backend_;
  Clock& clock_;
  const std::chrono::milliseconds poll_;
  ResourceClaims claims_;
};

}  // namespace

std::unique_ptr<Reconciler> MakeTrainingJobReconciler(Store& store, JobBackend& backend,
                                                      Clock& clock, std::chrono::milliseconds poll,
                                                      std::optional<MachineResources> machine) {
  return std::make_unique<TrainingJobReconciler>(store, backend, clock, poll, std::move(machine));
}

}  // namespace lockstep
