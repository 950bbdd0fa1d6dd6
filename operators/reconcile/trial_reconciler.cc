#include "operators/reconcile/trial_reconciler.h"

#include "operators/api/conditions.h"
#include "operators/observe/early_stop_rules.h"
#include "operators/observe/summarize.h"
#include "operators/reconcile/ownership.h"
#include "operators/reconcile/stop_request.h"
#include "operators/reconcile/trial_job.h"
#include "operators/reconcile/trial_output.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

constexpr char kExperimentDone[] = "stopped because the Experiment is done";

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
    LOCKSTEP_ASSIGN_OR_RETURN(const bool unwanted, ExperimentIsDone(trial));
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<TrainingJob> job,
                              Find<TrainingJob>(store_, trial.meta));
    Requeue requeue;
    if (!job) {
      LOCKSTEP_RETURN_IF_ERROR(Begin(trial, unwanted));
    } else if (!IsOwnedBy(job->meta, trial.meta)) {
      return Unavailable(
          "a TrainingJob of this name that is not the Trial's is in the way; "
          "delete it if it stays");
    } else {
      LOCKSTEP_ASSIGN_OR_RETURN(requeue, Follow(trial, *job, unwanted));
    }
    const Result<ObjectPtr> written = store_.UpdateStatus(std::move(trial));
    if (!written.ok()) return written.status();
    return requeue;
  }

 private:
  Result<bool> ExperimentIsDone(const Trial& trial) {
    for (const OwnerReference& owner : trial.meta.owner_references) {
      if (owner.kind != Experiment::kKind) continue;
      LOCKSTEP_ASSIGN_OR_RETURN(
          const std::shared_ptr<const Experiment> experiment,
          FindShared<Experiment>(store_, {owner.kind, trial.meta.namespace_, owner.name}));
      return experiment && experiment->meta.uid == owner.uid &&
             HasEnded(experiment->status.conditions);
    }
    return false;
  }

  void End(Trial& trial, const char* type, const char* reason, const std::string& message) {
    SetEnded(trial.status.conditions, type, reason, message, clock_.Now());
    trial.status.completion_time = FormatTime(clock_.Now());
  }

  // There is no job: not yet, or no more.
  Status Begin(Trial& trial, bool unwanted) {
    if (unwanted) {
      End(trial, condition::kKilled, "TrialKilled", kExperimentDone);
      return OkStatus();
    }
    if (IsTrue(trial.status.conditions, condition::kRunning)) {
      // Katib would run it a second time.
      End(trial, condition::kFailed, "TrialFailed", "its TrainingJob was deleted while it ran");
      return OkStatus();
    }
    Result<TrainingJob> job = TrialJob(trial);
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

  Result<Requeue> Follow(Trial& trial, const TrainingJob& job, bool unwanted) {
    SetTrue(trial.status.conditions, condition::kRunning, "TrialRunning", "Trial is running",
            clock_.Now());
    const bool ended = HasEnded(job.status.conditions);
    LOCKSTEP_ASSIGN_OR_RETURN(const NewOutput output,
                              ReadTrialOutput(trial, job, ended, backend_, observations_));
    // An operator may have been killed between storing the rows and writing the status, or acting
    // on its rules: a job's end always summarizes, and rules are looked at each time.
    const bool may_stop = !ended && !StopRequested(job);
    const bool has_rules = may_stop && !trial.spec.early_stopping_rules.empty();
    std::vector<MetricRow> rows;
    if (trial.spec.objective && (output.rows || ended || has_rules)) {
      LOCKSTEP_ASSIGN_OR_RETURN(rows, observations_.Rows(trial.meta.uid, ""));
      trial.status.observation = Summarize(*trial.spec.objective, rows);
      trial.status.curve = Curve(*trial.spec.objective, rows);
    }
    if (may_stop) {
      LOCKSTEP_RETURN_IF_ERROR(StopIfWanted(trial, job, unwanted, rows));
    }
    if (output.more) return Requeue{std::chrono::milliseconds(0)};
    if (ended) {
      EndWithJob(trial, job);
      return Requeue{};
    }
    // A job that does not run prints nothing; its next change wakes this Trial.
    if (!IsTrue(job.status.conditions, condition::kRunning)) return Requeue{};
    return Requeue{poll_};
  }

  Status StopIfWanted(const Trial& trial, const TrainingJob& job, bool unwanted,
                      const std::vector<MetricRow>& rows) {
    std::optional<std::string> early;
    if (!unwanted && trial.spec.objective) {
      early = EarlyStopReason(trial.spec.early_stopping_rules, *trial.spec.objective, rows);
    }
    if (!unwanted && !early) return OkStatus();
    TrainingJob stopped = job;
    stopped.meta.annotations[kStopAnnotation] =
        early ? "stopped early: " + *early : kExperimentDone;
    if (early) stopped.meta.annotations[kEarlyStopAnnotation] = "true";
    return store_.Update(std::move(stopped)).status();
  }

  void EndWithJob(Trial& trial, const TrainingJob& job) {
    const Condition* failed = FindCondition(job.status.conditions, condition::kFailed);
    if (failed != nullptr && failed->status != "True") failed = nullptr;
    if (failed != nullptr && failed->reason == kTrainingJobStopped) {
      const bool measured =
          trial.spec.objective && ObjectiveValue(*trial.spec.objective, trial.status.observation);
      if (measured && job.meta.annotations.contains(kEarlyStopAnnotation)) {
        End(trial, condition::kEarlyStopped, "TrialEarlyStopped", "Trial was " + failed->message);
      } else {
        End(trial, condition::kKilled, "TrialKilled", failed->message);
      }
      return;
    }
    const TrialVerdict verdict = JudgeTrial(trial, job);
    if (!verdict.succeeded) {
      End(trial, condition::kFailed, "TrialFailed", verdict.message);
      return;
    }
    const auto& metrics = trial.status.observation.metrics;
    if (trial.spec.objective && (metrics.empty() || metrics[0].latest == kUnavailable)) {
      End(trial, condition::kMetricsUnavailable, "MetricsUnavailable",
          "Metrics are not available: the job succeeded, but rank 0 printed no number for " +
              trial.spec.objective->objective_metric_name + "; print a line with " +
              trial.spec.objective->objective_metric_name + "=VALUE");
      return;
    }
    End(trial, condition::kSucceeded, "TrialSucceeded", "Trial has succeeded");
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
