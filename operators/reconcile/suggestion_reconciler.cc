#include "operators/reconcile/suggestion_reconciler.h"

#include <algorithm>

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/observe/metric_value.h"
#include "operators/reconcile/ownership.h"
#include "operators/reconcile/search_history.h"
#include "operators/reconcile/trial_name.h"
#include "operators/reconcile/trial_state.h"
#include "operators/suggest/median_stop.h"
#include "operators/suggest/suggester.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

Result<std::vector<Proposal>> Propose(const Experiment& experiment, const AlgorithmSpec& algorithm,
                                      const std::vector<HistoryEntry>& history, int count) {
  LOCKSTEP_ASSIGN_OR_RETURN(const SearchSpace space,
                            SearchSpace::Create(experiment.spec.parameters));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::unique_ptr<Suggester> suggester,
                            MakeSuggester(algorithm.algorithm_name));
  const bool maximize = experiment.spec.objective->type == "maximize";
  return suggester->Suggest({.space = space,
                             .settings = algorithm.algorithm_settings,
                             .directions = {maximize ? Direction::kMaximize : Direction::kMinimize},
                             .history = history,
                             .count = count,
                             .seed = StableHash(experiment.meta.uid)});
}

class SuggestionReconciler final : public Reconciler {
 public:
  SuggestionReconciler(Store& store, const ObservationStore& observations, Clock& clock)
      : store_(store), observations_(observations), clock_(clock) {}

  Result<Requeue> Reconcile(const ObjectKey& key) override {
    LOCKSTEP_ASSIGN_OR_RETURN(const auto found, FindShared<Suggestion>(store_, key));
    if (!found || !found->meta.deletion_timestamp.empty()) return Requeue{};
    LOCKSTEP_ASSIGN_OR_RETURN(
        const auto experiment,
        FindShared<Experiment>(store_, {Experiment::kKind, key.namespace_, key.name}));
    if (!experiment || !IsOwnedBy(found->meta, experiment->meta)) return Requeue{};
    if (HasEnded(found->status.conditions)) return Requeue{};
    const bool asked = found->spec.requests > static_cast<int>(found->status.suggestions.size());
    if (!asked && !found->status.start_time.empty() && !HasEnded(experiment->status.conditions))
      return Requeue{};  // before all points are copied for nothing
    Suggestion suggestion = *found;
    SuggestionStatus& status = suggestion.status;
    const WallTime now = clock_.Now();
    const bool resumable = (experiment->spec.resume_policy == "LongRunning" ||
                            experiment->spec.resume_policy == "FromVolume") &&
                           !CancelReason(experiment->meta);
    if (HasEnded(experiment->status.conditions) && !resumable) {
      SetEnded(status.conditions, condition::kSucceeded, "SuggestionSucceeded",
               "Suggestion is succeeded", now);
      status.completion_time = FormatTime(now);
      return Write(std::move(suggestion));
    }
    if (IsTrue(status.conditions, condition::kExhausted)) return Requeue{};
    if (status.start_time.empty()) {
      status.start_time = FormatTime(now);
      SetTrue(status.conditions, condition::kCreated, "SuggestionCreated", "Suggestion is created",
              now);
      SetTrue(status.conditions, condition::kRunning, "SuggestionRunning", "Suggestion is running",
              now);
    }
    const Status extended = Extend(*experiment, suggestion, now);
    if (extended.kind() == StatusKind::kInvalidArgument ||
        extended.kind() == StatusKind::kNotFound) {
      SetEnded(status.conditions, condition::kFailed, "SuggestionFailed", extended.message(), now);
      status.completion_time = FormatTime(now);
    } else if (!extended.ok()) {
      return extended;
    }
    return Write(std::move(suggestion));
  }

 private:
  Result<Requeue> Write(Suggestion suggestion) {
    const Result<ObjectPtr> written = store_.UpdateStatus(std::move(suggestion));
    if (!written.ok()) return written.status();
    return Requeue{};
  }

  Status Extend(const Experiment& experiment, Suggestion& suggestion, WallTime now) {
    SuggestionStatus& status = suggestion.status;
    const int wanted = suggestion.spec.requests - static_cast<int>(status.suggestions.size());
    if (wanted <= 0) return OkStatus();
    if (!experiment.spec.objective)
      return InvalidArgument("spec.objective: is missing, so nothing can be searched for");
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<ObjectPtr> trials,
                              TrialsOf(store_, experiment.meta));
    std::map<std::string, const Trial*> by_name;
    for (const ObjectPtr& trial : trials) by_name[MetaOf(*trial).name] = &std::get<Trial>(*trial);
    const std::vector<HistoryEntry> history =
        SearchHistory(*experiment.spec.objective, status.suggestions, by_name);
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<Proposal> proposals,
                              Propose(experiment, suggestion.spec.algorithm, history, wanted));
    const bool waiting = std::any_of(history.begin(), history.end(), [](const HistoryEntry& e) {
      return e.outcome == TrialOutcome::kProposed || e.outcome == TrialOutcome::kPending;
    });
    if (proposals.empty() && !waiting) {
      SetTrue(status.conditions, condition::kExhausted, "SuggestionExhausted",
              "the search has no point left to propose", now);
    }
    std::vector<EarlyStoppingRule> rules;
    if (!proposals.empty()) {
      LOCKSTEP_ASSIGN_OR_RETURN(rules, RulesNow(experiment, trials));
    }
    return Keep(experiment, proposals, rules, status);
  }

  // Of the trials that begin now.
  Result<std::vector<EarlyStoppingRule>> RulesNow(const Experiment& experiment,
                                                  const std::vector<ObjectPtr>& trials) {
    std::vector<EarlyStoppingRule> rules;
    if (!experiment.spec.early_stopping) return rules;
    const ObjectiveSpec& objective = *experiment.spec.objective;
    const std::size_t wanted = MedianStopReports(*experiment.spec.early_stopping);
    std::vector<std::vector<double>> succeeded;
    for (const ObjectPtr& trial : trials) {
      if (StateOf(std::get<Trial>(*trial)) != TrialState::kSucceeded) continue;
      LOCKSTEP_ASSIGN_OR_RETURN(
          std::vector<double> reports,
          FirstReports(MetaOf(*trial).uid, objective.objective_metric_name, wanted));
      succeeded.push_back(std::move(reports));
    }
    const MedianStopForm form =
        WantsKatib(experiment.meta) ? MedianStopForm::kKatibMean : MedianStopForm::kMedian;
    if (auto rule = MedianStopRule(*experiment.spec.early_stopping, objective, succeeded, form)) {
      rules.push_back(*std::move(rule));
    }
    return rules;
  }

  // At least the first `wanted` reports that are numbers, if there are so many; few rows more.
  Result<std::vector<double>> FirstReports(const std::string& trial_uid, const std::string& name,
                                           std::size_t wanted) {
    for (std::size_t rows_max = wanted;; rows_max *= 2) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<MetricRow> rows,
                                observations_.Rows(trial_uid, name, rows_max));
      std::vector<double> reports;
      for (const MetricRow& row : rows) {
        if (const auto value = ParseMetricValue(row.value)) reports.push_back(*value);
      }
      if (reports.size() >= wanted || rows.size() < rows_max) return reports;
    }
  }

  static Status Keep(const Experiment& experiment, const std::vector<Proposal>& proposals,
                     const std::vector<EarlyStoppingRule>& rules, SuggestionStatus& status) {
    std::set<std::string> taken;
    for (const TrialAssignment& before : status.suggestions) taken.insert(before.name);
    for (const Proposal& proposal : proposals) {
      if (proposal.resume_from) {
        return InvalidArgument(
            "the algorithm wants to go on from another trial's checkpoint, "
            "which this version cannot do: choose another algorithm");
      }
      const std::string name =
          TrialName(experiment.meta.name, experiment.meta.uid, status.suggestions.size(), taken);
      taken.insert(name);
      status.suggestions.push_back({.name = name,
                                    .parameter_assignments = proposal.assignments,
                                    .labels = proposal.labels,
                                    .early_stopping_rules = rules});
    }
    status.suggestion_count = static_cast<std::int32_t>(status.suggestions.size());
    return OkStatus();
  }

  Store& store_;
  const ObservationStore& observations_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Reconciler> MakeSuggestionReconciler(Store& store,
                                                     const ObservationStore& observations,
                                                     Clock& clock) {
  return std::make_unique<SuggestionReconciler>(store, observations, clock);
}

}  // namespace lockstep
