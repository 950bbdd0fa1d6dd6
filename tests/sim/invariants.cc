#include "tests/sim/invariants.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "tests/sim/expected_rows.h"

namespace lockstep::sim {
namespace {

bool Owns(const ObjectMeta& owner, const ObjectMeta& owned) {
  return std::ranges::any_of(owned.owner_references,
                             [&](const OwnerReference& r) { return r.uid == owner.uid; });
}

bool Marked(const ObjectMeta& meta) { return !meta.deletion_timestamp.empty(); }

std::string Path(const ObjectMeta& meta) { return meta.name + " (" + meta.uid + ")"; }

template <class T>
const T* As(const ObjectPtr& object) {
  return object ? std::get_if<T>(object.get()) : nullptr;
}

// The metric by the objective's strategy; nullopt: no finite number.
std::optional<double> ValueOf(const Experiment& experiment, const Observation& observation) {
  const ObjectiveSpec& objective = *experiment.spec.objective;
  if (observation.metrics.empty()) return std::nullopt;
  const Metric& metric = observation.metrics.front();
  std::string strategy = objective.type == "maximize" ? "max" : "min";
  for (const MetricStrategy& given : objective.metric_strategies) {
    if (given.name == objective.objective_metric_name) strategy = given.value;
  }
  const std::string& text = strategy == "min"   ? metric.min
                            : strategy == "max" ? metric.max
                                                : metric.latest;
  const double value = NumberOf(text);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

void Invariants::Watch(const SimStore& store, const SimBackend& backend,
                       const ObservationStore& rows) {
  store_ = &store;
  backend_ = &backend;
  rows_ = &rows;
}

template <class T>
const T* Invariants::Find(const std::string& name) const {
  const auto found = store_->objects().find({T::kKind, "default", name});
  return found == store_->objects().end() ? nullptr : As<T>(found->second);
}

std::vector<const Trial*> Invariants::TrialsOf(const Experiment& experiment) const {
  std::vector<const Trial*> trials;
  for (const auto& [key, object] : store_->objects()) {
    const Trial* trial = As<Trial>(object);
    if (trial != nullptr && Owns(experiment.meta, trial->meta)) trials.push_back(trial);
  }
  return trials;
}

// "" of what goes on; more than one word would be one too many.
std::string Invariants::EndOf(const std::vector<Condition>& conditions) {
  std::string end;
  for (const Condition& condition : conditions) {
    const bool goes_on = condition.type == "Created" || condition.type == "Running" ||
                         condition.type == "Restarting" || condition.type == "Exhausted" ||
                         condition.type == "Suspended";
    if (!goes_on && condition.status == "True") end += (end.empty() ? "" : "+") + condition.type;
  }
  return end;
}

void Invariants::OnChange(const ObjectPtr& before, const ObjectPtr& after) {
  if (!after) return;
  if (const Experiment* experiment = As<Experiment>(after)) {
    OnExperiment(As<Experiment>(before), *experiment);
  } else if (const Suggestion* suggestion = As<Suggestion>(after)) {
    OnSuggestion(As<Suggestion>(before), *suggestion);
  } else if (const Trial* trial = As<Trial>(after)) {
    if (const Trial* old = As<Trial>(before)) {
      OnTrial(*old, *trial);
    } else {
      OnTrialCreated(*trial);
    }
  } else if (const TrainingJob* job = As<TrainingJob>(after)) {
    OnJob(As<TrainingJob>(before), *job);
  }
}

void Invariants::OnExperiment(const Experiment* before, const Experiment& after) {
  if (before == nullptr) return;
  Budget& widest = budgets_[after.meta.uid];
  widest.parallel = std::max(widest.parallel, before->spec.parallel_trial_count.value_or(3));
  widest.trials = std::max(widest.trials, before->spec.max_trial_count.value_or(1'000'000));
  const std::string was = EndOf(before->status.conditions);
  const std::string is = EndOf(after.status.conditions);
  Expect(is.empty() || is == "Succeeded" || is == "Failed",
         "Experiment " + Path(after.meta) + " ends as " + is);
  if (!was.empty() && was != is) {
    const Condition* end = FindCondition(before->status.conditions, was);
    // It may end again at once, when more trials are allowed and fewer failures.
    Expect(after.spec.resume_policy != "Never" && end->reason == "ExperimentMaxTrialsReached",
           "Experiment " + Path(after.meta) + " had ended as " + was + ", " + end->reason +
               ", and is now \"" + is + "\"");
  }
  Expect(is.empty() == after.status.completion_time.empty(),
         "Experiment " + Path(after.meta) + ": completionTime and the end disagree");
  if (after.status != before->status) CheckCounts(after);
}

// What the status says of itself: others may have gone on since it looked.
void Invariants::CheckCounts(const Experiment& experiment) const {
  const ExperimentStatus& status = experiment.status;
  const std::pair<const std::vector<std::string>*, int> counts[] = {
      {&status.pending_trial_list, status.trials_pending},
      {&status.running_trial_list, status.trials_running},
      {&status.succeeded_trial_list, status.trials_succeeded},
      {&status.failed_trial_list, status.trials_failed},
      {&status.killed_trial_list, status.trials_killed},
      {&status.early_stopped_trial_list, status.trials_early_stopped},
      {&status.metrics_unavailable_trial_list, status.trial_metrics_unavailable}};
  std::set<std::string> names;
  int sum = 0;
  for (const auto& [list, count] : counts) {
    Expect(static_cast<int>(list->size()) == count, "a count and its list differ");
    names.insert(list->begin(), list->end());
    sum += count;
  }
  const std::string which = "Experiment " + Path(experiment.meta) + ": ";
  Expect(sum == status.trials, which + std::to_string(status.trials) +
                                   " trials, but the parts are " + std::to_string(sum));
  Expect(static_cast<int>(names.size()) == sum, which + "a trial is in two lists");
  const auto created = created_.find(experiment.meta.uid);
  for (const std::string& name : names) {
    Expect(created != created_.end() && created->second.contains(name),
           which + name + " was never created");
  }
}

void Invariants::OnSuggestion(const Suggestion* before, const Suggestion& after) {
  const auto& now = after.status.suggestions;
  const std::string which = "Suggestion " + Path(after.meta) + ": ";
  Expect(static_cast<int>(now.size()) == after.status.suggestion_count, which + "suggestionCount");
  Expect(static_cast<int>(now.size()) <= after.spec.requests,
         which + "more points than were asked for");
  const std::string end = EndOf(after.status.conditions);
  Expect(end.empty() || end == "Succeeded" || end == "Failed", which + "ends as " + end);
  if (before == nullptr) return;
  const auto& then = before->status.suggestions;
  Expect(then.size() <= now.size() && std::equal(then.begin(), then.end(), now.begin()),
         which + "points that were given have changed");
  if (then.size() == now.size()) return;
  std::set<std::string> names;
  std::set<std::string> points;
  for (const TrialAssignment& assignment : now) {
    names.insert(assignment.name);
    std::string point;
    for (const auto& [name, value] : assignment.parameter_assignments) {
      point += name + "=" + value + ";";
    }
    points.insert(point);
  }
  Expect(names.size() == now.size(), which + "a name is given twice");
  Expect(points.size() == now.size(), which + "a point is given twice");
}

Invariants::Budget Invariants::BudgetOf(const Experiment& experiment) const {
  Budget budget{experiment.spec.parallel_trial_count.value_or(3),
                experiment.spec.max_trial_count.value_or(1'000'000)};
  const auto widest = budgets_.find(experiment.meta.uid);
  if (widest == budgets_.end()) return budget;
  return {std::max(budget.parallel, widest->second.parallel),
          std::max(budget.trials, widest->second.trials)};
}

void Invariants::OnTrialCreated(const Trial& trial) {
  const auto label = trial.meta.labels.find(kExperimentLabel);
  Expect(label != trial.meta.labels.end(), "a trial without its Experiment's label");
  const Experiment* experiment = Find<Experiment>(label->second);
  const std::string which = "Trial " + Path(trial.meta) + ": ";
  Expect(experiment != nullptr && Owns(experiment->meta, trial.meta) && !Marked(experiment->meta),
         which + "is created, and its Experiment is gone");
  const Suggestion* suggestion = Find<Suggestion>(label->second);
  Expect(suggestion != nullptr && Owns(experiment->meta, suggestion->meta),
         which + "is created without a Suggestion");
  const auto& given = suggestion->status.suggestions;
  const auto assignment = std::ranges::find(given, trial.meta.name, &TrialAssignment::name);
  Expect(assignment != given.end() &&
             assignment->parameter_assignments == trial.spec.parameter_assignments,
         which + "is created with another point than it was given");
  std::set<std::string>& created = created_[experiment->meta.uid];
  Expect(created.insert(trial.meta.name).second, which + "is created a second time");
  const Budget budget = BudgetOf(*experiment);
  Expect(static_cast<int>(created.size()) <= budget.trials,
         which + "is one more than maxTrialCount " + std::to_string(budget.trials));
  const std::vector<const Trial*> trials = TrialsOf(*experiment);
  const auto active = std::ranges::count_if(
      trials, [](const Trial* t) { return EndOf(t->status.conditions).empty(); });
  Expect(active <= budget.parallel, which + "runs beside " + std::to_string(active - 1) +
                                        " others, parallelTrialCount is " +
                                        std::to_string(budget.parallel));
}

void Invariants::OnTrial(const Trial& before, const Trial& after) {
  const std::string which = "Trial " + Path(after.meta) + ": ";
  const std::string was = EndOf(before.status.conditions);
  const std::string is = EndOf(after.status.conditions);
  Expect(is.find('+') == is.npos, which + "ends as " + is);
  Expect(before.spec == after.spec, which + "its spec has changed");
  if (!was.empty()) {
    Expect(before.status == after.status, which + "had ended as " + was + " and has changed");
  } else if (!is.empty()) {
    const TrainingJob* job = Find<TrainingJob>(after.meta.name);
    const bool ended = job == nullptr || !EndOf(job->status.conditions).empty();
    Expect(ended, which + "ends as " + is + ", and its job has not");
    CheckRows(after);
  }
}

// All that its job has printed, once.
void Invariants::CheckRows(const Trial& trial) const {
  const TrainingJob* job = Find<TrainingJob>(trial.meta.name);
  std::vector<ExpectedRow> expected;
  for (int g = 0; job != nullptr && g <= job->status.generation; ++g) {
    const SimJob* run = backend_->Find(job->meta.uid, g);
    if (run != nullptr) AddExpectedRows(backend_->FinalLog(*run), expected);
  }
  const std::vector<MetricRow> rows = *rows_->Rows(trial.meta.uid, "");
  const std::string which = "Trial " + Path(trial.meta) + ": ";
  Expect(rows.size() == expected.size(), which + std::to_string(rows.size()) +
                                             " rows, and its job has printed " +
                                             std::to_string(expected.size()));
  double min = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Expect(rows[i].value == expected[i].value && rows[i].step == expected[i].StepOr(i + 1),
           which + "row " + std::to_string(i) + " is " + rows[i].value + " at step " +
               std::to_string(rows[i].step) + ", not " + expected[i].value);
    const double value = NumberOf(rows[i].value);
    if (std::isfinite(value)) min = std::min(min, value);
  }
  if (trial.status.observation.metrics.empty()) return;
  const Metric& metric = trial.status.observation.metrics.front();
  const bool same = std::isfinite(min) ? NumberOf(metric.min) == min : metric.min == "unavailable";
  Expect(same, which + "the smallest value is " + std::to_string(min) + ", not " + metric.min);
}

void Invariants::OnJob(const TrainingJob* before, const TrainingJob& after) {
  const std::string which = "TrainingJob " + Path(after.meta) + ": ";
  if (before == nullptr) {
    const Trial* trial = Find<Trial>(after.meta.name);
    Expect(trial != nullptr && Owns(trial->meta, after.meta), which + "has no Trial");
    Expect(EndOf(trial->status.conditions).empty(), which + "its Trial had ended");
    Expect(with_job_.insert(trial->meta.uid).second, which + "is its Trial's second job");
    return;
  }
  const std::string was = EndOf(before->status.conditions);
  const std::string is = EndOf(after.status.conditions);
  Expect(is.empty() || is == "Succeeded" || is == "Failed", which + "ends as " + is);
  if (!was.empty()) Expect(before->status == after.status, which + "had ended and has changed");
  const int more = after.status.generation - before->status.generation;
  Expect(more == 0 || more == 1, which + "goes on with another generation than the next");
}

void Invariants::OnStart(const JobPlan& plan) {
  const std::string which = "job " + plan.id.name + " (" + plan.id.uid + ") generation " +
                            std::to_string(plan.id.generation) + ": ";
  Expect(started_.emplace(plan.id.uid, plan.id.generation).second, which + "is started twice");
  const TrainingJob* job = Find<TrainingJob>(plan.id.name);
  Expect(job != nullptr && job->meta.uid == plan.id.uid, which + "is started, and is no object");
  Expect(EndOf(job->status.conditions).empty(), which + "is started, and had ended");
  Expect(job->status.generation == plan.id.generation, which + "is not the next generation");
  for (int before = 0; before < plan.id.generation; ++before) {
    Expect(started_.contains({plan.id.uid, before}), which + "one before it was never started");
  }
}

void Invariants::CheckSuspended() const {
  for (const auto& [key, run] : backend_->jobs()) {
    if (IsLeftOver(run)) continue;
    const TrainingJob* job = Find<TrainingJob>(run.id.name);
    if (run.id.generation < job->status.generation) continue;
    const bool suspended = IsTrue(job->status.conditions, condition::kSuspended);
    const bool ended = !EndOf(job->status.conditions).empty();
    Expect(suspended || ended, "TrainingJob " + Path(job->meta) + " neither ended nor suspended");
  }
  for (const auto& [key, object] : store_->objects()) {
    const Experiment* experiment = As<Experiment>(object);
    if (experiment == nullptr || !EndOf(experiment->status.conditions).empty()) continue;
    const bool suspended = IsTrue(experiment->status.conditions, condition::kSuspended);
    const bool waits = std::ranges::any_of(TrialsOf(*experiment), [](const Trial* trial) {
      return IsTrue(trial->status.conditions, condition::kSuspended);
    });
    Expect(suspended || waits, key.ToString() + " has not ended, and nothing of it is suspended");
  }
}

void Invariants::CheckSettled() const {
  for (const auto& [key, object] : store_->objects()) {
    Expect(!Marked(MetaOf(*object)), key.ToString() + " is deleted and still there");
    if (const Experiment* experiment = As<Experiment>(object)) CheckSettledExperiment(*experiment);
    if (const TrainingJob* job = As<TrainingJob>(object)) CheckSettledJob(*job);
    if (const Trial* trial = As<Trial>(object)) {
      Expect(!EndOf(trial->status.conditions).empty(), key.ToString() + " has not ended");
      CheckRows(*trial);
    }
  }
  for (const auto& [key, run] : backend_->jobs()) (void)IsLeftOver(run);
}

bool Invariants::IsLeftOver(const SimJob& run) const {
  const TrainingJob* job = Find<TrainingJob>(run.id.name);
  if (job != nullptr && job->meta.uid == run.id.uid) return false;
  Expect(!backend_->Runs(run), "job " + run.id.name + " is gone, and it runs");
  return true;
}

void Invariants::CheckSettledJob(const TrainingJob& job) const {
  const std::string which = "TrainingJob " + Path(job.meta);
  Expect(!EndOf(job.status.conditions).empty(), which + " has not ended");
  Expect(job.status.active == 0, which + " has ended and has active ranks");
}

void Invariants::CheckSettledExperiment(const Experiment& experiment) const {
  const std::string which = "Experiment " + Path(experiment.meta) + ": ";
  const std::string end = EndOf(experiment.status.conditions);
  Expect(!end.empty(), which + "has not ended: " + std::to_string(experiment.status.trials) +
                           " trials of " +
                           std::to_string(experiment.spec.max_trial_count.value_or(-1)));
  const Suggestion* suggestion = Find<Suggestion>(experiment.meta.name);
  const Condition* ended = FindCondition(experiment.status.conditions, end);
  const bool before_search =
      experiment.status.trials == 0 &&
      (ended->reason == "ExperimentCancelled" || ended->reason == "ExperimentDeadlineExceeded");
  Expect(suggestion != nullptr || before_search,
         which + "its Suggestion is gone, and it has ended by " + ended->reason);
  if (suggestion != nullptr && experiment.spec.resume_policy == "Never") {
    Expect(!EndOf(suggestion->status.conditions).empty(), which + "its Suggestion has not ended");
  }
  const std::vector<const Trial*> trials = TrialsOf(experiment);
  const auto created = created_.find(experiment.meta.uid);
  Expect(created == created_.end() ? trials.empty() : created->second.size() == trials.size(),
         which + "trials were lost");
  CheckCounts(experiment);
  CheckCountsNow(experiment);
  CheckBest(experiment);
  // One that was cancelled after its end does not go on when it is given more trials.
  if (ended->reason == "ExperimentMaxTrialsReached" && !CancelReason(experiment.meta)) {
    Expect(experiment.status.trials >= *experiment.spec.max_trial_count,
           which + "has stopped after " + std::to_string(experiment.status.trials) + " trials of " +
               std::to_string(*experiment.spec.max_trial_count));
  }
}

void Invariants::CheckCountsNow(const Experiment& experiment) const {
  std::map<std::string, int> ends;
  for (const Trial* trial : TrialsOf(experiment)) ++ends[EndOf(trial->status.conditions)];
  const ExperimentStatus& status = experiment.status;
  const std::pair<const char*, int> counts[] = {
      {"", status.trials_pending + status.trials_running},
      {"Succeeded", status.trials_succeeded},
      {"Failed", status.trials_failed},
      {"Killed", status.trials_killed},
      {"EarlyStopped", status.trials_early_stopped},
      {"MetricsUnavailable", status.trial_metrics_unavailable}};
  for (const auto& [end, count] : counts) {
    Expect(ends[end] == count, "Experiment " + Path(experiment.meta) + ": " +
                                   std::to_string(count) + " trials " + end + ", and there are " +
                                   std::to_string(ends[end]));
  }
}

void Invariants::CheckBest(const Experiment& experiment) const {
  const bool maximize = experiment.spec.objective->type == "maximize";
  std::optional<double> best;
  for (const Trial* trial : TrialsOf(experiment)) {
    const std::string end = EndOf(trial->status.conditions);
    if (end != "Succeeded" && end != "EarlyStopped") continue;
    const std::optional<double> value = ValueOf(experiment, trial->status.observation);
    if (!value) continue;
    if (!best || (maximize ? *value > *best : *value < *best)) best = value;
  }
  const auto& optimal = experiment.status.current_optimal_trial;
  const std::string which = "Experiment " + Path(experiment.meta) + ": ";
  const bool named = optimal && !optimal->best_trial_name.empty();
  Expect(named == best.has_value(), which + "a best trial, or none: " + (named ? "named" : "none"));
  if (!named) return;
  const Trial* trial = Find<Trial>(optimal->best_trial_name);
  Expect(trial != nullptr && trial->spec.parameter_assignments == optimal->parameter_assignments,
         which + "its best trial is none of its trials");
  const std::optional<double> value = ValueOf(experiment, trial->status.observation);
  Expect(value == best, which + "its best trial is not the best");
}

}  // namespace lockstep::sim
