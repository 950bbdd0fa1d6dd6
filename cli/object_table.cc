#include "cli/object_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "cli/object_name.h"
#include "cli/object_state.h"

namespace lockstep {
namespace {

struct Row {
  std::vector<std::string> header;
  std::vector<std::string> cells;

  void Add(const char* name, std::string cell) {
    header.emplace_back(name);
    cells.push_back(std::move(cell));
  }
};

std::string Objective(const ObjectiveSpec& objective, const Observation& observation) {
  return ShortNumber(MetricValue(objective, observation, objective.objective_metric_name));
}

void AddCells(const Experiment& experiment, bool wide, Row& row) {
  const ExperimentStatus& status = experiment.status;
  const auto& most = experiment.spec.max_trial_count;
  const int ended = status.trials_succeeded + status.trials_failed + status.trials_killed +
                    status.trials_early_stopped + status.trial_metrics_unavailable;
  row.Add("TRIALS", std::to_string(ended) + (most ? "/" + std::to_string(*most) : ""));
  row.Add("RUNNING", std::to_string(status.trials_running));
  row.Add("FAILED", std::to_string(status.trials_failed + status.trial_metrics_unavailable));
  const auto& best = status.current_optimal_trial;
  const auto& objective = experiment.spec.objective;
  row.Add("BEST", best && objective ? Objective(*objective, best->observation) : "");
  if (!wide) return;
  row.Add("METRIC", objective ? objective->objective_metric_name : "");
  row.Add("ALGORITHM", experiment.spec.algorithm ? experiment.spec.algorithm->algorithm_name : "");
  row.Add("BEST-TRIAL", best ? best->best_trial_name : "");
}

void AddCells(const Suggestion& suggestion, bool, Row& row) {
  row.Add("REQUESTED", std::to_string(suggestion.spec.requests));
  row.Add("ASSIGNED", std::to_string(suggestion.status.suggestion_count));
}

void AddCells(const Trial& trial, bool wide, Row& row) {
  const auto& objective = trial.spec.objective;
  row.Add("OBJECTIVE", objective ? Objective(*objective, trial.status.observation) : "");
  if (!wide) return;
  const int ranks = RanksOf(trial);
  row.Add("RANKS", ranks > 0 ? std::to_string(ranks) : "");
  const auto owner = trial.meta.labels.find(kExperimentLabel);
  row.Add("EXPERIMENT", owner == trial.meta.labels.end() ? "" : owner->second);
  row.Add("PARAMETERS", FormatAssignments(trial.spec.parameter_assignments));
}

void AddCells(const TrainingJob& job, bool wide, Row& row) {
  row.Add("ACTIVE", std::to_string(job.status.active) + "/" + std::to_string(RanksOf(job)));
  row.Add("RESTARTS", std::to_string(job.status.generation));
  if (wide) row.Add("FAILURE", job.status.first_failure ? job.status.first_failure->message : "");
}

void AddCells(const ConfigMap& map, bool, Row& row) {
  row.Add("DATA", std::to_string(map.data.size() + map.binary_data.size()));
}

}  // namespace

std::string ShortNumber(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value)) return text;
  // A large number keeps its whole part: 1.2346e+05 tells less than 123457.
  const bool large = std::abs(value) >= 1e5 && std::abs(value) < 1e15;
  std::array<char, 32> buffer{};
  const auto written =
      std::to_chars(buffer.begin(), buffer.end(), value,
                    large ? std::chars_format::fixed : std::chars_format::general, large ? 0 : 5);
  const std::string shorter(buffer.begin(), written.ptr);
  return shorter.size() < text.size() ? shorter : text;
}

std::string MetricValue(const ObjectiveSpec& objective, const Observation& observation,
                        const std::string& metric) {
  const auto named = [&](const auto& item) { return item.name == metric; };
  const auto found = std::ranges::find_if(observation.metrics, named);
  if (found == observation.metrics.end()) return "";
  const auto strategy = std::ranges::find_if(objective.metric_strategies, named);
  if (strategy == objective.metric_strategies.end()) return found->latest;
  if (strategy->value == "min") return found->min;
  return strategy->value == "max" ? found->max : found->latest;
}

std::string FormatAssignments(const std::vector<ParameterAssignment>& assignments) {
  std::string text;
  for (const ParameterAssignment& assignment : assignments) {
    text += (text.empty() ? "" : " ") + assignment.name + "=" + assignment.value;
  }
  return text;
}

int RanksOf(const Trial& trial) {
  const Json& run = trial.spec.run_spec;
  if (!run.is_object() || !run.contains("spec") || !run["spec"].is_object()) return 0;
  const Json& spec = run["spec"];
  const auto count = [](const Json& holder, const char* field) {
    return holder.is_object() && holder.contains(field) && holder[field].is_number_integer()
               ? holder[field].get<int>()
               : 1;
  };
  if (!spec.contains("roles")) return count(spec, "completions");
  int ranks = 0;
  for (const Json& role : spec["roles"]) ranks += count(role, "replicas");
  return ranks;
}

int RanksOf(const TrainingJob& job) {
  int ranks = 0;
  for (const JobRole& role : job.spec.roles) ranks += role.replicas;
  return ranks;
}

Table MakeObjectTable(const std::vector<Object>& objects, const ObjectTableOptions& options) {
  Table table;
  for (const Object& object : objects) {
    const ObjectMeta& meta = MetaOf(object);
    Row row;
    if (options.with_namespace) row.Add("NAMESPACE", meta.namespace_);
    row.Add("NAME", options.with_kind ? TypedName(object) : meta.name);
    if (!std::holds_alternative<ConfigMap>(object)) row.Add("STATE", StateOf(object));
    std::visit([&](const auto& typed) { AddCells(typed, options.wide, row); }, object);
    row.Add("AGE", FormatSpan(meta.creation_timestamp, "", options.now));
    table.header = std::move(row.header);
    table.rows.push_back(std::move(row.cells));
  }
  return table;
}

}  // namespace lockstep
