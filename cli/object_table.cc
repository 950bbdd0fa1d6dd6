#include "cli/object_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "cli/object_name.h"
#include "cli/object_state.h"
#include "operators/api/job_kind.h"

namespace lockstep {
namespace {

struct Row {
  std::vector<std::string> header;
  std::vector<std::string> cells;

  void Add(std::string name, std::string cell) {
    header.push_back(std::move(name));
    cells.push_back(std::move(cell));
  }
};

// What the rows of one table have in common.
struct Form {
  const ObjectTableOptions& options;
  std::vector<std::string> parameters;  // columns of their own
  std::vector<std::string> metrics;

  std::string Number(const std::string& text) const {
    return options.exact ? text : ShortNumber(text);
  }
  std::string Objective(const ObjectiveSpec& objective, const Observation& observation) const {
    return Number(MetricValue(objective, observation, objective.objective_metric_name));
  }
};

void AddCells(const Experiment& experiment, const Form& form, Row& row) {
  const ExperimentStatus& status = experiment.status;
  const auto& most = experiment.spec.max_trial_count;
  const int ended = status.trials_succeeded + status.trials_failed + status.trials_killed +
                    status.trials_early_stopped + status.trial_metrics_unavailable;
  row.Add("TRIALS", std::to_string(ended) + (most ? "/" + std::to_string(*most) : ""));
  row.Add("RUNNING", std::to_string(status.trials_running));
  row.Add("FAILED", std::to_string(status.trials_failed + status.trial_metrics_unavailable));
  const auto& best = status.current_optimal_trial;
  const auto& objective = experiment.spec.objective;
  row.Add("BEST", best && objective ? form.Objective(*objective, best->observation) : "");
  row.Add("METRIC", objective ? objective->objective_metric_name : "");
  if (!form.options.wide) return;
  row.Add("ALGORITHM", experiment.spec.algorithm ? experiment.spec.algorithm->algorithm_name : "");
  row.Add("BEST-TRIAL", best ? best->best_trial_name : "");
}

void AddCells(const Suggestion& suggestion, const Form&, Row& row) {
  row.Add("REQUESTED", std::to_string(suggestion.spec.requests));
  row.Add("ASSIGNED", std::to_string(suggestion.status.suggestion_count));
}

void AddCells(const Trial& trial, const Form& form, Row& row) {
  const auto& objective = trial.spec.objective;
  row.Add("OBJECTIVE", objective ? form.Objective(*objective, trial.status.observation) : "");
  for (const std::string& name : form.parameters) {
    row.Add("params." + name, ParameterValue(trial, name));
  }
  for (const std::string& name : form.metrics) {
    row.Add("metrics." + name,
            MetricValue(objective.value_or(ObjectiveSpec{}), trial.status.observation, name));
  }
  if (!form.options.wide) return;
  const int ranks = RanksOf(trial);
  row.Add("RANKS", ranks > 0 ? std::to_string(ranks) : "");
  const auto owner = trial.meta.labels.find(kExperimentLabel);
  row.Add("EXPERIMENT", owner == trial.meta.labels.end() ? "" : owner->second);
  row.Add("PARAMETERS", FormatAssignments(trial.spec.parameter_assignments));
}

void AddCells(const TrainingJob& job, const Form& form, Row& row) {
  row.Add("RANKS", std::to_string(job.status.active) + "/" + std::to_string(RanksOf(job)));
  row.Add("RESTARTS", std::to_string(RestartsOf(job)));
  if (!form.options.wide) return;
  std::string devices;
  for (const std::string& device : job.status.devices) {
    devices += (devices.empty() ? "" : ",") + device;
  }
  row.Add("DEVICES", devices);
  row.Add("FAILURE", job.status.first_failure ? job.status.first_failure->message : "");
}

std::string LabelText(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) text += (text.empty() ? "" : ",") + name + "=" + value;
  return text.empty() ? "<none>" : text;
}

void AddName(const std::string& name, std::vector<std::string>& names) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

Form FormOf(const std::vector<Object>& objects, const ObjectTableOptions& options) {
  Form form{options, {}, {}};
  if (!options.exact) return form;
  std::vector<const Trial*> trials;
  for (const Object& object : objects) {
    if (const auto* trial = std::get_if<Trial>(&object)) trials.push_back(trial);
  }
  form.parameters = ParameterNames(trials);
  form.metrics = MetricNames(trials);
  return form;
}

void AddCells(const ConfigMap& map, const Form&, Row& row) {
  row.Add("DATA", std::to_string(map.data.size() + map.binary_data.size()));
}

template <class T>
  requires std::is_same_v<T, TrainingRuntime> || std::is_same_v<T, ClusterTrainingRuntime>
void AddCells(const T& runtime, const Form&, Row& row) {
  const auto framework = runtime.meta.labels.find("trainer.kubeflow.org/framework");
  row.Add("FRAMEWORK", framework == runtime.meta.labels.end() ? "" : framework->second);
}

void AddCells(const Secret& secret, const Form&, Row& row) {
  row.Add("TYPE", secret.type);
  row.Add("DATA", std::to_string(secret.data.size()));
}

void AddState(const Object& object, Row& row) {
  if (const auto* job = std::get_if<TrainingJob>(&object)) {
    row.Add("KIND", AppliedKind(*job));
    row.Add("STATE", StateOf(object));
  } else if (HasState(object)) {
    row.Add("STATUS", StateOf(object));
  }
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

std::vector<std::string> ParameterNames(const std::vector<const Trial*>& trials) {
  std::vector<std::string> names;
  for (const Trial* trial : trials) {
    for (const auto& assignment : trial->spec.parameter_assignments) {
      AddName(assignment.name, names);
    }
  }
  return names;
}

std::vector<std::string> MetricNames(const std::vector<const Trial*>& trials) {
  std::vector<std::string> names;
  for (const Trial* trial : trials) {
    for (const Metric& metric : trial->status.observation.metrics) AddName(metric.name, names);
  }
  return names;
}

std::string ParameterValue(const Trial& trial, const std::string& parameter) {
  const auto& assignments = trial.spec.parameter_assignments;
  const auto found = std::ranges::find(assignments, parameter, &ParameterAssignment::name);
  return found == assignments.end() ? "" : found->value;
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
  int ranks = 0;
  for (const auto& [name, replicas] : spec.items()) {  // pytorchReplicaSpecs, mpiReplicaSpecs
    if (!name.ends_with("ReplicaSpecs") || !replicas.is_object()) continue;
    for (const auto& [type, role] : replicas.items()) ranks += count(role, "replicas");
  }
  if (ranks > 0) return ranks;
  if (spec.contains("trainer")) return count(spec["trainer"], "numNodes");
  if (!spec.contains("roles")) return count(spec, "completions");
  for (const Json& role : spec["roles"]) ranks += count(role, "replicas");
  return ranks;
}

int RanksOf(const TrainingJob& job) {
  int ranks = 0;
  for (const JobRole& role : job.spec.roles) ranks += role.host_only ? 0 : role.replicas;
  return ranks;
}

int RestartsOf(const TrainingJob& job) {
  int restarts = 0;
  for (const RestartCount& cause : job.status.restarts) restarts += cause.count;
  return restarts;
}

Table MakeObjectTable(const std::vector<Object>& objects, const ObjectTableOptions& options) {
  const Form form = FormOf(objects, options);
  Table table;
  for (const Object& object : objects) {
    const ObjectMeta& meta = MetaOf(object);
    Row row;
    if (options.with_namespace) row.Add("NAMESPACE", meta.namespace_);
    row.Add("NAME", options.with_kind ? TypedName(object) : meta.name);
    AddState(object, row);
    std::visit([&](const auto& typed) { AddCells(typed, form, row); }, object);
    row.Add("AGE", FormatSpan(meta.creation_timestamp, "", options.now));
    if (options.with_labels) row.Add("LABELS", LabelText(meta.labels));
    table.header = std::move(row.header);
    table.rows.push_back(std::move(row.cells));
  }
  return table;
}

}  // namespace lockstep
