#include "operators/reconcile/experiment_reconciler.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/reconcile/deadline.h"
#include "operators/reconcile/experiment_status.h"
#include "operators/reconcile/new_trial.h"
#include "operators/reconcile/ownership.h"
#include "operators/reconcile/parallelism.h"
#include "operators/reconcile/success_policy.h"
#include "operators/store/config_maps.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

std::vector<const Trial*> Pointers(const std::vector<ObjectPtr>& trials) {
  std::vector<const Trial*> pointers;
  for (const ObjectPtr& trial : trials) pointers.push_back(&std::get<Trial>(*trial));
  return pointers;
}

class ExperimentReconciler final : public Reconciler {
 public:
  ExperimentReconciler(Store& store, Clock& clock) : store_(store), clock_(clock) {}

  Result<Requeue> Reconcile(const ObjectKey& key) override {
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<Experiment> found, Find<Experiment>(store_, key));
    if (!found || !found->meta.deletion_timestamp.empty()) return Requeue{};
    Experiment& experiment = *found;
    ExperimentStatus& status = experiment.status;
    LOCKSTEP_ASSIGN_OR_RETURN(std::vector<ObjectPtr> trials, TrialsOf(store_, experiment.meta));
    LOCKSTEP_ASSIGN_OR_RETURN(
        const std::shared_ptr<const Suggestion> suggestion,
        FindShared<Suggestion>(store_, {Suggestion::kKind, key.namespace_, key.name}));
    if (suggestion && !IsOwnedBy(suggestion->meta, experiment.meta)) {
      return Unavailable(
          "the Suggestion of an earlier Experiment of this name is still there; "
          "delete it if it stays");
    }
    const WallTime now = clock_.Now();
    if (status.start_time.empty()) {
      status.start_time = FormatTime(now);
      SetTrue(status.conditions, condition::kCreated, "ExperimentCreated", "Experiment is created",
              now);
    }
    const Suggestion* search = suggestion.get();
    Advance(experiment, Pointers(trials), search, now);
    Requeue requeue;
    if (!HasEnded(status.conditions)) {
      if (!WantsSuspend(experiment.meta)) {
        LOCKSTEP_RETURN_IF_ERROR(Continue(experiment, search, trials, now));
      }
      requeue.after = TimeLeft(DeadlineOf(experiment.meta), status.start_time, now);
    }
    const Result<ObjectPtr> written = store_.UpdateStatus(std::move(experiment));
    if (!written.ok()) return written.status();
    return requeue;
  }

 private:
  // Cancelling comes first: the trials that it stops would else look like all that were to be run.
  static void Advance(Experiment& experiment, const std::vector<const Trial*>& trials,
                      const Suggestion* search, WallTime now) {
    ExperimentStatus& status = experiment.status;
    const std::optional<ExperimentEnd> cancelled = DecideCancelled(experiment.meta);
    if (!cancelled && Restarts(experiment.spec, status)) Restart(status, now);
    if (cancelled && !HasEnded(status.conditions)) EndExperiment(*cancelled, now, status);
    AdvanceExperiment(experiment.spec, trials, search, now, status);
    if (HasEnded(status.conditions)) return;
    if (const auto late = DecideLate(experiment.meta, status, now)) {
      EndExperiment(*late, now, status);
    } else if (WantsSuspend(experiment.meta)) {
      SetTrue(status.conditions, condition::kSuspended, "ExperimentSuspended",
              "no trial starts, and those that run are suspended, until lockstep.dev/suspend is "
              "removed",
              now);
    } else if (IsTrue(status.conditions, condition::kSuspended)) {
      SetFalse(status.conditions, condition::kSuspended, "ExperimentResumed",
               "Experiment is resumed", now);
    }
  }

  static void Restart(ExperimentStatus& status, WallTime now) {
    RemoveCondition(status.conditions, condition::kSucceeded);
    RemoveCondition(status.conditions, condition::kFailed);
    SetTrue(status.conditions, condition::kRestarting, "ExperimentRestarting",
            "Experiment is restarting", now);
    status.completion_time.clear();
  }

  Status Continue(Experiment& experiment, const Suggestion* suggestion,
                  std::vector<ObjectPtr>& trials, WallTime now) {
    const int more = MoreTrials(experiment.spec, experiment.status);
    LOCKSTEP_RETURN_IF_ERROR(Ask(experiment, suggestion, experiment.status.trials + more));
    if (suggestion == nullptr || more == 0) return OkStatus();
    const Status created = CreateTrials(experiment, *suggestion, more, trials);
    if (created.kind() == StatusKind::kInvalidArgument) {
      // No later trial would fare better: the template or the points are wrong.
      EndExperiment({false, "ExperimentFailed", created.message()}, now, experiment.status);
    } else if (!created.ok()) {
      return created;
    }
    if (more > 0) SummarizeTrials(experiment.spec, Pointers(trials), experiment.status);
    return OkStatus();
  }

  Status Ask(const Experiment& experiment, const Suggestion* suggestion, int requests) {
    if (suggestion != nullptr) {
      if (suggestion->spec.requests >= requests) return OkStatus();
      Suggestion raised = *suggestion;
      raised.spec.requests = requests;
      return store_.Update(std::move(raised)).status();
    }
    Suggestion first;
    first.meta.name = experiment.meta.name;
    first.meta.namespace_ = experiment.meta.namespace_;
    first.meta.labels[kExperimentLabel] = experiment.meta.name;
    first.meta.owner_references = {ControllerReference(experiment)};
    if (experiment.spec.algorithm) first.spec.algorithm = *experiment.spec.algorithm;
    first.spec.early_stopping = experiment.spec.early_stopping;
    first.spec.resume_policy = experiment.spec.resume_policy;
    first.spec.requests = requests;
    return store_.Create(std::move(first)).status();
  }

  Status CreateTrials(const Experiment& experiment, const Suggestion& suggestion, int more,
                      std::vector<ObjectPtr>& trials) {
    if (more == 0) return OkStatus();
    std::unordered_set<std::string_view> there;
    for (const ObjectPtr& trial : trials) there.insert(MetaOf(*trial).name);
    // `there` names what `trials` held, which stays alive in it.
    for (const TrialAssignment& assignment : suggestion.status.suggestions) {
      if (more == 0) break;
      if (there.contains(assignment.name)) continue;
      LOCKSTEP_ASSIGN_OR_RETURN(Trial trial,
                                NewTrial(experiment, assignment, ConfigMapsOf(store_)));
      LOCKSTEP_ASSIGN_OR_RETURN(ObjectPtr created, store_.Create(std::move(trial)));
      trials.push_back(std::move(created));
      --more;
    }
    return OkStatus();
  }

  Store& store_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Reconciler> MakeExperimentReconciler(Store& store, Clock& clock) {
  return std::make_unique<ExperimentReconciler>(store, clock);
}

}  // namespace lockstep
