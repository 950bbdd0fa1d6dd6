#include "cli/follow_table.h"

#include <algorithm>

#include "cli/object_state.h"
#include "cli/object_table.h"
#include "cli/table_printer.h"
#include "operators/api/conditions.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

std::string Latest(const Observation& observation, const std::string& name) {
  const auto found = std::ranges::find(observation.metrics, name, &Metric::name);
  return found == observation.metrics.end() ? "" : found->latest;
}

FollowRow MakeRow(const Trial& trial, const std::vector<std::string>& names,
                  const ObjectiveSpec& objective, WallTime now) {
  FollowRow row;
  row.trial = trial.meta.name;
  row.state = StateOf(trial);
  const int ranks = RanksOf(trial);
  if (ranks > 0) row.ranks = std::to_string(ranks);
  if (!trial.status.curve.empty()) row.epoch = std::to_string(trial.status.curve.back().step);
  for (const std::string& name : names) {
    row.metrics.push_back(ShortNumber(Latest(trial.status.observation, name)));
  }
  row.best_so_far = ShortNumber(
      MetricValue(objective, trial.status.observation, objective.objective_metric_name));
  row.elapsed = FormatSpan(trial.status.start_time, trial.status.completion_time, now);
  return row;
}

// Trials that are left, at the pace of those that have ended.
std::string Eta(const Experiment& experiment, const FollowView& view, WallTime now) {
  const Result<WallTime> begin = ParseTime(experiment.status.start_time);
  if (!begin.ok() || view.ended == 0 || view.wanted <= view.ended) return "";
  const auto spent = std::chrono::duration_cast<std::chrono::seconds>(now - *begin);
  return FormatDuration(spent * (view.wanted - view.ended) / view.ended);
}

Table MakeTable(const FollowView& view, const std::vector<const FollowRow*>& rows) {
  Table table{{"TRIAL", "STATE", "RANKS", "EPOCH"}, {}};
  for (std::string name : view.metric_names) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    table.header.push_back(std::move(name));
  }
  table.header.insert(table.header.end(), {"BEST", "ELAPSED"});
  for (const FollowRow* row : rows) {
    std::vector<std::string> cells = {row->trial, row->state, row->ranks, row->epoch};
    cells.insert(cells.end(), row->metrics.begin(), row->metrics.end());
    cells.push_back(row->best_so_far + (row->is_best ? " *" : ""));
    cells.push_back(row->elapsed);
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string Summary(const FollowView& view) {
  std::string line = view.experiment + "  " + view.state + "  " + std::to_string(view.ended) +
                     (view.wanted > 0 ? "/" + std::to_string(view.wanted) : "") + " trials";
  if (!view.best_value.empty()) {
    line +=
        "  best " + view.metric_names.back() + " " + view.best_value + " (" + view.best_trial + ")";
  }
  if (!view.elapsed.empty()) line += "  elapsed " + view.elapsed;
  if (!view.eta.empty()) line += "  ETA " + view.eta;
  return line;
}

const char* ColorOf(const FollowRow& row) {
  if (row.state == "Failed" || row.state == "MetricsUnavailable") return "\033[31m";
  if (row.is_best) return "\033[32m";
  return row.state == "Running" ? "\033[1m" : "";
}

// The one to look at next: the best, or the first that failed.
std::string TrialToSee(const FollowView& view) {
  if (!view.best_trial.empty() || view.rows.empty()) return view.best_trial;
  const auto failed = std::ranges::find(view.rows, condition::kFailed, &FollowRow::state);
  return failed == view.rows.end() ? view.rows.front().trial : failed->trial;
}

}  // namespace

FollowView MakeFollowView(const Experiment& experiment, const std::vector<Trial>& trials,
                          WallTime now) {
  FollowView view;
  view.experiment = experiment.meta.name;
  view.state = StateOf(experiment);
  view.wanted = experiment.spec.max_trial_count.value_or(0);
  view.elapsed = FormatSpan(experiment.status.start_time, experiment.status.completion_time, now);
  const ObjectiveSpec objective = experiment.spec.objective.value_or(ObjectiveSpec{});
  view.metric_names = objective.additional_metric_names;
  view.metric_names.push_back(objective.objective_metric_name);
  if (const auto& best = experiment.status.current_optimal_trial) {
    view.best_trial = best->best_trial_name;
    view.best_value =
        ShortNumber(MetricValue(objective, best->observation, objective.objective_metric_name));
  }
  view.rows.reserve(trials.size());
  for (const Trial& trial : trials) {
    FollowRow row = MakeRow(trial, view.metric_names, objective, now);
    row.is_best = !view.best_trial.empty() && row.trial == view.best_trial;
    if (IsFinished(trial)) ++view.ended;
    view.rows.push_back(std::move(row));
  }
  if (!IsFinished(experiment)) view.eta = Eta(experiment, view, now);
  return view;
}

std::vector<std::string> RenderFollowTable(const FollowView& view, const FollowScreen& screen) {
  std::vector<const FollowRow*> rows;
  rows.reserve(view.rows.size());
  for (const FollowRow& row : view.rows) rows.push_back(&row);
  // A summary, a header and the cursor's own line are there too.
  const auto room = static_cast<std::size_t>(std::max(screen.height - 4, 1));
  std::size_t hidden = 0;
  if (rows.size() > room) {
    hidden = rows.size() - room;
    std::ranges::stable_partition(
        rows, [](const FollowRow* row) { return row->state == "Running" || row->is_best; });
    rows.resize(room);
  }
  const auto width = static_cast<std::size_t>(std::max(screen.width, 1));
  std::vector<std::string> lines = {CutToWidth(Summary(view), width)};
  const std::string text = FormatTable(MakeTable(view, rows));
  for (std::size_t begin = 0, row = 0; begin < text.size(); ++row) {
    const std::size_t end = text.find('\n', begin);
    std::string line = CutToWidth(std::string_view(text).substr(begin, end - begin), width);
    const std::string color = screen.color && row > 0 ? ColorOf(*rows[row - 1]) : "";
    lines.push_back(color.empty() ? std::move(line) : color + line + "\033[0m");
    begin = end + 1;
  }
  if (hidden > 0) {
    lines.push_back(CutToWidth("... and " + std::to_string(hidden) + " more trials", width));
  }
  return lines;
}

std::vector<std::string> RenderFollowChanges(const FollowView& before, const FollowView& after) {
  std::vector<std::string> lines;
  for (const FollowRow& row : after.rows) {
    const auto old = std::ranges::find(before.rows, row.trial, &FollowRow::trial);
    const bool same = old != before.rows.end() && old->state == row.state &&
                      old->epoch == row.epoch && old->metrics == row.metrics;
    if (same) continue;
    std::string line = row.trial + " " + row.state;
    if (!row.ranks.empty()) line += " ranks=" + row.ranks;
    if (!row.epoch.empty()) line += " epoch=" + row.epoch;
    for (std::size_t i = 0; i < row.metrics.size(); ++i) {
      if (!row.metrics[i].empty()) line += " " + after.metric_names[i] + "=" + row.metrics[i];
    }
    if (!row.elapsed.empty()) line += " elapsed=" + row.elapsed;
    lines.push_back(std::move(line));
  }
  if (before.state != after.state || before.best_value != after.best_value) {
    lines.push_back(Summary(after));
  }
  return lines;
}

std::string RenderFollowEnd(const Experiment& experiment, const FollowView& view) {
  std::string text = "\nExperiment " + view.experiment + ": " + view.state;
  if (const std::string message = StateMessage(experiment); !message.empty()) {
    text += ": " + message;
  }
  text += "\n";
  if (view.best_trial.empty()) {
    text += "No trial has reported its objective.\n";
  } else {
    text += "Best trial: " + view.best_trial + "\n  " + view.metric_names.back() + ": " +
            view.best_value + "\n";
    for (const auto& [name, value] :
         experiment.status.current_optimal_trial->parameter_assignments) {
      text += "  " + name + ": " + value + "\n";
    }
  }
  const std::string trial = TrialToSee(view);
  const std::string in =
      experiment.meta.namespace_ == "default" ? "" : " -n " + experiment.meta.namespace_;
  text += "\nNext:\n  lockstep get trials" + in + "\n";
  if (trial.empty()) return text;
  return text + "  lockstep describe trial " + trial + in + "\n  lockstep logs " + trial + in +
         "\n";
}

}  // namespace lockstep
