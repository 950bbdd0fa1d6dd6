#include "cli/description.h"

#include <algorithm>
#include <cctype>

#include "cli/object_state.h"
#include "cli/object_table.h"
#include "cli/table_printer.h"
#include "operators/api/conditions.h"
#include "operators/api/job_kind.h"
#include "operators/api/managed_by.h"
#include "operators/codec/base64.h"

namespace lockstep {
namespace {

// "Name:        value" lines.
class Page {
 public:
  void Line(const std::string& name, const std::string& value) {
    if (value.empty()) return;
    std::string label = name + ":";
    label.resize(std::max<std::size_t>(label.size() + 1, 14), ' ');
    text_ += label + value + "\n";
  }
  void Block(const std::string& title, const std::string& lines) {
    if (lines.empty()) return;
    text_ += title + ":\n";
    for (std::size_t begin = 0; begin < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', begin), lines.size());
      text_ += "  " + lines.substr(begin, end - begin) + "\n";
      begin = end + 1;
    }
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

void AddHead(const Object& object, WallTime now, Page& page) {
  const ObjectMeta& meta = MetaOf(object);
  page.Line("Name", meta.name);
  page.Line("Namespace", meta.namespace_);
  const auto* job = std::get_if<TrainingJob>(&object);
  page.Line("Kind",
            (job != nullptr ? AppliedKind(*job) : std::string(KindOf(object))) + " (" +
                (job != nullptr ? AppliedApiVersion(*job) : std::string(ApiVersionOf(object))) +
                ")");
  const std::string message = StateMessage(object);
  page.Line("State", StateOf(object) + (message.empty() ? "" : ": " + message));
  const std::string age = FormatSpan(meta.creation_timestamp, "", now);
  if (!age.empty()) page.Line("Created", meta.creation_timestamp + " (" + age + " ago)");
}

std::string ConditionLines(const std::vector<Condition>& conditions) {
  Table table{{"TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"}, {}};
  for (const Condition& c : conditions) {
    table.rows.push_back({c.type, c.status, c.reason, c.last_transition_time, c.message});
  }
  return FormatTable(table);
}

std::string ObjectiveLine(const ObjectiveSpec& objective) {
  std::string line = objective.type + " " + objective.objective_metric_name;
  if (objective.goal) line += " to " + Json(*objective.goal).dump();
  return line;
}

std::string MetricLines(const Observation& observation) {
  Table table{{"NAME", "LATEST", "MIN", "MAX"}, {}};
  for (const Metric& metric : observation.metrics) {
    table.rows.push_back({metric.name, metric.latest, metric.min, metric.max});
  }
  return FormatTable(table);
}

std::string SpaceLines(const std::vector<ParameterSpec>& parameters) {
  Table table{{"NAME", "TYPE", "VALUES"}, {}};
  for (const ParameterSpec& parameter : parameters) {
    std::string values;
    if (const auto& space = parameter.feasible_space) {
      for (const std::string& value : space->list) values += (values.empty() ? "" : ", ") + value;
      if (space->list.empty()) values = space->min + " .. " + space->max;
      if (!space->step.empty()) values += " step " + space->step;
    }
    table.rows.push_back({parameter.name, parameter.parameter_type, values});
  }
  return FormatTable(table);
}

void AddFailure(const std::optional<FirstFailure>& failure, Page& page) {
  if (!failure) return;
  page.Line("First failure", FailureLine(*failure));
  std::string lines;
  for (const std::string& line : failure->last_lines) lines += line + "\n";
  page.Block("Last lines", lines);
}

void AddRemovedLogs(const TrainingJobStatus& status, Page& page) {
  if (status.logs_removed_time.empty()) return;
  page.Line("Logs", "removed at " + status.logs_removed_time + ": " + status.logs_removed_message);
}

std::string Listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string RestartsText(const TrainingJob& job) {
  std::string causes;
  for (const RestartCount& restart : job.status.restarts) {
    causes += (causes.empty() ? " (" : ", ") + restart.cause + " " + std::to_string(restart.count);
  }
  return std::to_string(RestartsOf(job)) + " of at most " + std::to_string(job.spec.max_restarts) +
         (causes.empty() ? "" : causes + ")");
}

// "2222", or "2222,21340" where the ranks of a role have a port each; "" for none. `spec`: the
// job's as text: a port that no token asks for is not leased, and nobody is told of it.
std::string PortsOf(const JobRole& role, const LaunchNotes& notes, const std::string& spec) {
  constexpr std::int32_t kShownMax = 4;
  if (role.port == 0 || spec.find("${lockstep.port:" + role.name + "/") == std::string::npos) {
    return "";
  }
  std::string ports;
  bool differ = false;
  for (std::int32_t i = 0; i < role.replicas && i < kShownMax; ++i) {
    const auto found = notes.ports.find({role.name, i});
    if (found != notes.ports.end()) differ = true;
    const int port = found == notes.ports.end() ? role.port : found->second;
    ports += (i == 0 ? "" : ",") + std::to_string(port);
  }
  if (!differ) return std::to_string(role.port);
  return ports + (role.replicas > kShownMax ? ",..." : "");
}

// Where the ranks of a role are found: the name that its operator gives them, with N for the number
// of the rank, and the ports that the launcher has leased.
std::string AddressOf(const JobRole& role, const LaunchNotes& notes, const std::string& spec) {
  const std::string ports = PortsOf(role, notes, spec);
  if (role.host_names.empty()) return ports.empty() ? "" : ":" + ports;
  std::string host = role.host_names.front();
  constexpr std::string_view kIndex = "${lockstep.index}";
  if (const std::size_t at = host.find(kIndex); at != std::string::npos) {
    host.replace(at, kIndex.size(), role.replicas > 1 ? "N" : "0");
  }
  return host + (ports.empty() ? "" : ":" + ports);
}

std::string NoteLines(const LaunchNotes& notes) {
  std::string lines;
  for (const std::string& note : notes.others) lines += note + "\n";
  return lines;
}

std::string ReplicaLines(const TrainingJob& job, const LaunchNotes& notes) {
  Table table{{"ROLE", "REPLICAS", "RANKS", "ACTIVE", "SUCCEEDED", "FAILED", "ADDRESS"}, {}};
  const std::string spec =
      EncodeObject(job)["spec"].dump(-1, ' ', false, Json::error_handler_t::replace);
  int first = 0;
  for (const JobRole& role : job.spec.roles) {
    const auto& all = job.status.roles;
    const auto found = std::ranges::find(all, role.name, &RoleStatus::name);
    const RoleStatus status = found == all.end() ? RoleStatus{} : *found;
    const int last = first + role.replicas - 1;
    std::string ranks =
        last > first ? std::to_string(first) + "-" + std::to_string(last) : std::to_string(first);
    if (role.host_only) ranks = "none";
    table.rows.push_back({role.name, std::to_string(role.replicas), ranks,
                          std::to_string(status.active), std::to_string(status.succeeded),
                          std::to_string(status.failed), AddressOf(role, notes, spec)});
    if (!role.host_only) first = last + 1;
  }
  return FormatTable(table);
}

std::string RoleLines(const TrainingJob& job) {
  Table table{{"ROLE", "RANKS", "COMMAND"}, {}};
  for (const JobRole& role : job.spec.roles) {
    std::string command;
    for (const Container& container : role.pod_template.spec.containers) {
      for (const auto& part : container.command) command += (command.empty() ? "" : " ") + part;
      for (const auto& part : container.args) command += (command.empty() ? "" : " ") + part;
    }
    std::ranges::replace(command, '\n', ' ');
    table.rows.push_back({role.name, std::to_string(role.replicas), CutToWidth(command, 120)});
  }
  return FormatTable(table);
}

}  // namespace

std::string FailureLine(const FirstFailure& failure) {
  std::string line =
      failure.rank >= 0 ? "rank " + std::to_string(failure.rank) : std::string("no rank");
  if (failure.rank >= 0 && !failure.role.empty()) line += " (" + failure.role + ")";
  if (!failure.host.empty()) line += " on host " + failure.host;
  if (!failure.cause.empty()) line += ", " + failure.cause;
  if (failure.signal != 0) {
    line += ", signal " + std::to_string(failure.signal);
  } else if (failure.rank >= 0) {
    line += ", exit code " + std::to_string(failure.exit_code);
  }
  if (!failure.message.empty()) line += ": " + failure.message;
  // mpirun frames what it has to say with rules.
  const auto says = [](const std::string& text) {
    return std::ranges::any_of(text,
                               [](unsigned char c) { return c >= 0x80 || std::isalnum(c) != 0; });
  };
  const auto last = std::find_if(failure.last_lines.rbegin(), failure.last_lines.rend(), says);
  if (last != failure.last_lines.rend()) line += "; last line: " + *last;
  return line;
}

std::string DescribeExperiment(const Experiment& experiment, const std::vector<Trial>& trials,
                               WallTime now) {
  Page page;
  AddHead(experiment, now, page);
  const ExperimentSpec& spec = experiment.spec;
  if (spec.objective) page.Line("Objective", ObjectiveLine(*spec.objective));
  if (spec.algorithm) page.Line("Algorithm", spec.algorithm->algorithm_name);
  if (spec.max_trial_count) {
    page.Line("Trials", std::to_string(trials.size()) + " of " +
                            std::to_string(*spec.max_trial_count) + ", " +
                            std::to_string(spec.parallel_trial_count.value_or(3)) + " at a time");
  }
  page.Block("Parameters", SpaceLines(spec.parameters));
  page.Block("Conditions", ConditionLines(experiment.status.conditions));
  const std::vector<Object> rows(trials.begin(), trials.end());
  page.Block("Trials", FormatTable(MakeObjectTable(rows, {.wide = true, .now = now})));
  if (const auto& best = experiment.status.current_optimal_trial;
      best && !best->best_trial_name.empty()) {
    page.Line("Best trial", best->best_trial_name);
    page.Line("Parameters", FormatAssignments(best->parameter_assignments));
    page.Block("Metrics", MetricLines(best->observation));
  }
  return page.Take();
}

std::string DescribeTrial(const Trial& trial, const std::optional<TrainingJob>& job, WallTime now) {
  Page page;
  AddHead(trial, now, page);
  if (trial.spec.objective) page.Line("Objective", ObjectiveLine(*trial.spec.objective));
  page.Line("Parameters", FormatAssignments(trial.spec.parameter_assignments));
  if (const std::string state = job ? StateOf(*job) : "";
      state == reason::kQueued || state == kWaitingState) {
    page.Line("Job", state + ": " + StateMessage(*job));
  }
  page.Line("Ran for", FormatSpan(trial.status.start_time, trial.status.completion_time, now));
  page.Block("Conditions", ConditionLines(trial.status.conditions));
  page.Block("Metrics", MetricLines(trial.status.observation));
  if (job) {
    page.Block("Job", RoleLines(*job));
    AddFailure(job->status.first_failure, page);
    AddRemovedLogs(job->status, page);
  }
  return page.Take();
}

std::string DescribeTrainingJob(const TrainingJob& job, const LaunchNotes& notes, WallTime now) {
  Page page;
  AddHead(job, now, page);
  page.Line("Ranks",
            std::to_string(job.status.active) + " of " + std::to_string(RanksOf(job)) + " running");
  page.Line("Restarts", RestartsText(job));
  page.Line("Devices", Listed(job.status.devices));
  if (IsManagedElsewhere(job.spec.managed_by)) {
    page.Line("Managed by", job.spec.managed_by + ": it is left alone");
  }
  page.Line("Ran for", FormatSpan(job.status.start_time, job.status.completion_time, now));
  page.Block("Roles", ReplicaLines(job, notes));
  page.Block("Notes", NoteLines(notes));
  page.Block("Commands", RoleLines(job));
  page.Block("Conditions", ConditionLines(job.status.conditions));
  AddFailure(job.status.first_failure, page);
  AddRemovedLogs(job.status, page);
  return page.Take();
}

std::string DescribeSuggestion(const Suggestion& suggestion, WallTime now) {
  Page page;
  AddHead(suggestion, now, page);
  page.Line("Algorithm", suggestion.spec.algorithm.algorithm_name);
  page.Line("Asked for", std::to_string(suggestion.spec.requests));
  page.Block("Conditions", ConditionLines(suggestion.status.conditions));
  Table table{{"TRIAL", "PARAMETERS"}, {}};
  for (const TrialAssignment& point : suggestion.status.suggestions) {
    table.rows.push_back({point.name, FormatAssignments(point.parameter_assignments)});
  }
  page.Block("Points", FormatTable(table));
  return page.Take();
}

std::string DescribeSecret(const Secret& secret, WallTime now) {
  Page page;
  AddHead(secret, now, page);
  page.Line("Type", secret.type);
  if (secret.immutable.value_or(false)) page.Line("Immutable", "true");
  for (const auto& [key, base64] : secret.data) {
    const auto bytes = DecodeBase64(base64);
    page.Line(key, bytes.ok() ? std::to_string(bytes->size()) + " bytes" : "no base64");
  }
  return page.Take();
}

std::string DescribeConfigMap(const ConfigMap& map, WallTime now) {
  constexpr std::size_t kShownBytesMax = 4096;
  Page page;
  AddHead(map, now, page);
  if (map.immutable.value_or(false)) page.Line("Immutable", "true");
  for (const auto& [key, text] : map.data) {
    const bool shown = text.size() <= kShownBytesMax;
    page.Block(key, shown && !text.empty() ? text : std::to_string(text.size()) + " bytes");
  }
  for (const auto& [key, base64] : map.binary_data) {
    const auto bytes = DecodeBase64(base64);
    page.Line(key, bytes.ok() ? std::to_string(bytes->size()) + " bytes" : "no base64");
  }
  return page.Take();
}

}  // namespace lockstep
