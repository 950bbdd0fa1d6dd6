#include "operators/reconcile/trial_reconciler.h"

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/observe/early_stop_rules.h"
#include "operators/observe/summarize.h"
#include "operators/reconcile/ownership.h"
#include "operators/reconcile/trial_job.h"
#include "operators/reconcile/trial_output.h"
#include "operators/reconcile/trial_wish.h"
#include "operators/store/runtimes.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

class TrialReconciler final : public Reconciler {
 public:
  TrialReconciler(Store& store, ObservationStore& observations, JobBackend& backend, Clock& clock,
                  std::chrono::milliseconds poll)
      : store_(store), observations_(observations), backend_(backend), clock_(clock), poll_(poll) {}

  Result<Requeue> Reconcile(const ObjectKey& key) override {
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<Trial> found, Find<Trial>(store_, key));
    if (!found || !found->meta.deletion_timestamp.empty() || HasEnded(found->status.conditions))
      return Requeue{};
    Trial& trial = *found;
    if (trial.status.start_time.empty()) {
      trial.status.start_time = FormatTime(clock_.Now());
      SetTrue(trial.status.conditions, condition::kCreated, "TrialCreated", "Trial is created",
              clock_.Now());
    }
    LOCKSTEP_ASSIGN_OR_RETURN(const TrialWish wish, WishFor(trial));
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<TrainingJob> job,
                              Find<TrainingJob>(store_, trial.meta));
    Requeue requeue;
    if (!job) {
      LOCKSTEP_RETURN_IF_ERROR(Begin(trial, wish));
    } else if (!IsOwnedBy(job->meta, trial.meta)) {
      return Unavailable(
          "a TrainingJob of this name that is not the Trial's is in the way; "
          "delete it if it stays");
    } else {
      LOCKSTEP_ASSIGN_OR_RETURN(requeue, Follow(trial, *job, wish));
    }
    const Result<ObjectPtr> written = store_.UpdateStatus(std::move(trial));
    if (!written.ok()) return written.status();
    return requeue;
  }

 private:
  Result<TrialWish> WishFor(const Trial& trial) {
    for (const OwnerReference& owner : trial.meta.owner_references) {
      if (owner.kind != Experiment::kKind) continue;
      LOCKSTEP_ASSIGN_OR_RETURN(
          const std::shared_ptr<const Experiment> experiment,
          FindShared<Experiment>(store_, {owner.kind, trial.meta.namespace_, owner.name}));
      const bool is_owner = experiment && experiment->meta.uid == owner.uid;
      return WishForTrial(trial, is_owner ? experiment.get() : nullptr);
    }
    return WishForTrial(trial, nullptr);
  }

  void End(Trial& trial, const char* type, const char* reason, const std::string& message) {
    SetEnded(trial.status.conditions, type, reason, message, clock_.Now());
    trial.status.completion_time = FormatTime(clock_.Now());
  }

  // There is no job: not yet, or no more.
  Status Begin(Trial& trial, const TrialWish& wish) {
    if (wish.kind == TrialWish::Kind::kStop) {
      End(trial, condition::kKilled, "TrialKilled", wish.why);
      return OkStatus();
    }
    if (IsTrue(trial.status.conditions, condition::kRunning)) {
      // Katib would run it a second time.
      End(trial, condition::kFailed, "TrialFailed", "its TrainingJob was deleted while it ran");
      return OkStatus();
    }
    ShowSuspended(trial, wish.kind == TrialWish::Kind::kSuspend);
    if (wish.kind == TrialWish::Kind::kSuspend) return OkStatus();  // its Experiment wakes it
    Result<TrainingJob> job = TrialJob(trial, RuntimesOf(store_));
    if (!job.ok()) {
      End(trial, condition::kFailed, "TrialFailed", job.status().message());
      return OkStatus();
    }
    const Result<ObjectPtr> created = store_.Create(*std::move(job));
    if (!created.ok()) return created.status();
    SetTrue(trial.status.conditions, condition::kRunning, "TrialRunning", "Trial is running",
            clock_.Now());
    return OkStatus();
  }

  void ShowSuspended(Trial& trial, bool suspended) {
    std::vector<Condition>& conditions = trial.status.conditions;
    if (suspended) {
      SetTrue(conditions, condition::kSuspended, "TrialSuspended", "Trial is suspended",
              clock_.Now());
    } else if (IsTrue(conditions, condition::kSuspended)) {
      SetFalse(conditions, condition::kSuspended, "TrialResumed", "Trial is resumed", clock_.Now());
    }
  }

  Result<Requeue> Follow(Trial& trial, const TrainingJob& job, const TrialWish& wish) {
    SetTrue(trial.status.conditions, condition::kRunning, "TrialRunning", "Trial is running",
            clock_.Now());
    ShowSuspended(trial, IsTrue(job.status.conditions, condition::kSuspended));
    const bool ended = HasEnded(job.status.conditions);
    LOCKSTEP_ASSIGN_OR_RETURN(const NewOutput output,
                              ReadTrialOutput(trial, job, ended, backend_, observations_));
    // An operator may have been killed between storing the rows and writing the status, or acting
    // on its rules: a job's end always summarizes, and rules are looked at each time.
    const bool may_stop = !ended && !WantsStop(job.meta);
    const bool has_rules = may_stop && !trial.spec.early_stopping_rules.empty();
    std::vector<MetricRow> rows;
    if (trial.spec.objective && (output.rows || ended || has_rules)) {
      LOCKSTEP_ASSIGN_OR_RETURN(rows, observations_.Rows(trial.meta.uid, ""));
      LOCKSTEP_ASSIGN_OR_RETURN(trial.status.observation, Summarize(*trial.spec.objective, rows));
      trial.status.curve = Curve(*trial.spec.objective, rows);
    }
    if (may_stop) {
      LOCKSTEP_RETURN_IF_ERROR(Steer(trial, job, wish, rows));
    }
    if (output.more) return Requeue{std::chrono::milliseconds(0)};
    if (ended) {
      LOCKSTEP_RETURN_IF_ERROR(EndWithJob(trial, job));
      return Requeue{};
    }
    // A job that does not run prints nothing; its next change wakes this Trial.
    if (!IsTrue(job.status.conditions, condition::kRunning)) return Requeue{};
    return Requeue{poll_};
  }

  // Tells the job what is wanted of it.
  Status Steer(const Trial& trial, const TrainingJob& job, const TrialWish& wish,
               const std::vector<MetricRow>& rows) {
    std::optional<std::string> early;
    if (trial.spec.objective) {
      const RuleTiming timing =
          WantsKatib(trial.meta) ? RuleTiming::kAtStartStep : RuleTiming::kFromStartStep;
      early = EarlyStopReason(trial.spec.early_stopping_rules, *trial.spec.objective, rows, timing);
    }
    std::optional<Labels> annotations = WantedAnnotations(trial, job, wish, early);
    if (!annotations) return OkStatus();
    TrainingJob told = job;
    told.meta.annotations = *std::move(annotations);
    return store_.Update(std::move(told)).status();
  }

  Status EndWithJob(Trial& trial, const TrainingJob& job) {
    const Condition* failed = FindCondition(job.status.conditions, condition::kFailed);
    if (failed != nullptr && failed->status != "True") failed = nullptr;
    if (failed != nullptr && failed->reason == reason::kTrainingJobStopped) {
      const bool measured =
          trial.spec.objective && ObjectiveValue(*trial.spec.objective, trial.status.observation);
      if (measured && job.meta.annotations.contains(kEarlyStopAnnotation)) {
        End(trial, condition::kEarlyStopped, "TrialEarlyStopped", "Trial was " + failed->message);
      } else {
        End(trial, condition::kKilled, "TrialKilled", failed->message);
      }
      return OkStatus();
    }
    if (failed != nullptr && failed->reason == reason::kTrainingJobDeadlineExceeded) {
      End(trial, condition::kFailed, "TrialDeadlineExceeded",
          "Trial has failed: " + failed->message);
      return OkStatus();
    }
    const TrialVerdict verdict = JudgeTrial(trial, job);
    if (!verdict.succeeded) {
      End(trial, condition::kFailed, "TrialFailed", verdict.message);
      return OkStatus();
    }
    LOCKSTEP_ASSIGN_OR_RETURN(const std::string bad,
                              BadOutput(trial, job, backend_, observations_));
    const auto& metrics = trial.status.observation.metrics;
    if (trial.spec.objective && (metrics.empty() || metrics[0].latest == kUnavailable)) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::string why, WhyNoMetrics(trial, job, backend_));
      End(trial, condition::kMetricsUnavailable, "MetricsUnavailable",
          "Metrics are not available: the job succeeded, but " + why + bad);
      return OkStatus();
    }
    End(trial, condition::kSucceeded, "TrialSucceeded", "Trial has succeeded" + bad);
    return OkStatus();
  }

  Store& store_;
  ObservationStore& observations_;
  JobBackend& backend_;
  Clock& clock_;
  const std::chrono::milliseconds poll_;
};

}  // namespace

std::unique_ptr<Reconciler> MakeTrialReconciler(Store& store, ObservationStore& observations,
                                                JobBackend& backend, Clock& clock,
                                                std::chrono::milliseconds poll) {
  return std::make_unique<TrialReconciler>(store, observations, backend, clock, poll);
}

}  // namespace lockstep
