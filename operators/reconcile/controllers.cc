#include "operators/reconcile/controllers.h"

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/reconcile/experiment_reconciler.h"
#include "operators/reconcile/observation_keeper.h"
#include "operators/reconcile/resource_claims.h"
#include "operators/reconcile/retention_reconciler.h"
#include "operators/reconcile/suggestion_reconciler.h"
#include "operators/reconcile/training_job_reconciler.h"
#include "operators/reconcile/trial_reconciler.h"

namespace lockstep {
namespace {

RelatedKind Owned(const char* kind, const char* owner_kind) {
  return {kind, [owner_kind](const Change& change) { return OwnerKeys(change, owner_kind); }};
}

// A finished trial is what a synchronous search waits for. Its Suggestion has its Experiment's
// name.
std::vector<ObjectKey> SuggestionOfTrial(const Change& change) {
  if (!HasEnded(std::get<Trial>(*change.object).status.conditions)) return {};
  std::vector<ObjectKey> keys = OwnerKeys(change, Experiment::kKind);
  for (ObjectKey& key : keys) key.kind = Suggestion::kKind;
  return keys;
}

// Has its Experiment's name, and ends with it.
std::vector<ObjectKey> SuggestionOfExperiment(const Change& change) {
  if (!HasEnded(std::get<Experiment>(*change.object).status.conditions)) return {};
  return {{Suggestion::kKind, change.key.namespace_, change.key.name}};
}

// What still runs of an Experiment is to be stopped when that has ended or is cancelled, and
// follows it when it is suspended and resumed. Those are among its active ones by then: a Trial
// that was created later looks by itself, and the Experiment changes again once it has seen the
// wish.
std::vector<ObjectKey> TrialsThatFollow(const Change& change) {
  const auto& experiment = std::get<Experiment>(*change.object);
  const ExperimentStatus& status = experiment.status;
  if (!HasEnded(status.conditions) && !CancelReason(experiment.meta) &&
      FindCondition(status.conditions, condition::kSuspended) == nullptr)
    return {};
  std::vector<ObjectKey> keys;
  for (const auto* list : {&status.running_trial_list, &status.pending_trial_list})
    for (const std::string& name : *list)
      keys.push_back({Trial::kKind, change.key.namespace_, name});
  return keys;
}

EventSource EndsOf(JobBackend& backend) {
  return [&backend](std::function<void(const ObjectKey&)> wake) {
    if (!wake) return backend.TellEnds({});
    backend.TellEnds([wake = std::move(wake)](const JobId& id) {
      wake({TrainingJob::kKind, id.namespace_, id.name});
    });
  };
}

// What was deleted is told by no object that is there when an operator starts.
EventSource AtStart(const ObjectKey& key) {
  return [key](const std::function<void(const ObjectKey&)>& wake) {
    if (wake) wake(key);
  };
}

// There is one more ended job whose logs take space.
std::vector<ObjectKey> RetentionOfEnded(const Change& change) {
  if (const auto* job = std::get_if<TrainingJob>(change.object.get())) {
    // It has left its job directory to nobody.
    if (change.kind == Change::Kind::kDeleted) return {kRetentionKey};
    // That of a Trial counts once the Trial has ended.
    const bool counts = HasEnded(job->status.conditions) && !WantsLogsRemoved(job->meta) &&
                        OwnerKeys(change, Trial::kKind).empty();
    return counts ? std::vector{kRetentionKey} : std::vector<ObjectKey>{};
  }
  if (change.kind == Change::Kind::kDeleted) return {};
  const bool ended = HasEnded(std::get<Trial>(*change.object).status.conditions);
  return ended ? std::vector{kRetentionKey} : std::vector<ObjectKey>{};
}

}  // namespace

std::vector<Controller> MakeControllers(Store& store, ObservationStore& observations,
                                        JobBackend& backend, Clock& clock,
                                        const ControllerOptions& options) {
  std::vector<Controller> controllers;
  const auto add = [&](const char* kind, std::unique_ptr<Reconciler> reconciler,
                       std::vector<RelatedKind> related, EventSource events = {}) {
    controllers.push_back({kind, std::move(reconciler), std::move(related), std::move(events)});
  };
  add(Experiment::kKind, MakeExperimentReconciler(store, clock),
      {Owned(Trial::kKind, Experiment::kKind), Owned(Suggestion::kKind, Experiment::kKind)});
  add(Suggestion::kKind, MakeSuggestionReconciler(store, observations, clock),
      {{Trial::kKind, SuggestionOfTrial}, {Experiment::kKind, SuggestionOfExperiment}});
  add(Trial::kKind, MakeTrialReconciler(store, observations, backend, clock, options.poll),
      {Owned(TrainingJob::kKind, Trial::kKind), {Experiment::kKind, TrialsThatFollow}});
  std::shared_ptr<ResourceClaims> claims;
  std::vector<RelatedKind> sharers;  // of the machine
  if (options.machine) {
    claims = std::make_shared<ResourceClaims>(store, *options.machine);
    sharers.push_back(
        {TrainingJob::kKind, [claims](const Change& change) { return claims->OnChange(change); }});
  }
  add(TrainingJob::kKind,
      MakeTrainingJobReconciler(store, backend, clock, options.poll, std::move(claims)),
      std::move(sharers), EndsOf(backend));
  add(kRetentionKey.kind.c_str(),
      MakeRetentionReconciler(store, backend, clock, options.jobs_bytes_max),
      {{TrainingJob::kKind, RetentionOfEnded}, {Trial::kKind, RetentionOfEnded}},
      AtStart(kRetentionKey));
  add(kObservationsKind, MakeObservationKeeper(store, observations),
      {{Trial::kKind, ObservationsOfDeleted}, {Experiment::kKind, ObservationsOfDeleted}});
  return controllers;
}

}  // namespace lockstep
