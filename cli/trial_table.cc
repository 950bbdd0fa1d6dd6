#include "cli/trial_table.h"

#include "cli/object_state.h"
#include "cli/object_table.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

std::string Seconds(const std::string& begin, const std::string& end) {
  const Result<WallTime> from = ParseTime(begin);
  const Result<WallTime> to = ParseTime(end);
  if (!from.ok() || !to.ok()) return "";
  return Json(std::chrono::duration<double>(*to - *from).count()).dump();
}

}  // namespace

Table MakeTrialTable(const std::vector<Trial>& trials) {
  std::vector<const Trial*> all;
  all.reserve(trials.size());
  for (const Trial& trial : trials) all.push_back(&trial);
  const std::vector<std::string> parameters = ParameterNames(all);
  const std::vector<std::string> metrics = MetricNames(all);
  Table table{{"number", "name", "state"}, {}};
  for (const std::string& name : parameters) table.header.push_back("params." + name);
  for (const std::string& name : metrics) table.header.push_back("metrics." + name);
  table.header.insert(table.header.end(), {"start", "end", "duration"});
  for (const Trial& trial : trials) {
    std::vector<std::string> row = {std::to_string(table.rows.size()), trial.meta.name,
                                    StateOf(trial)};
    for (const std::string& name : parameters) row.push_back(ParameterValue(trial, name));
    const ObjectiveSpec objective = trial.spec.objective.value_or(ObjectiveSpec{});
    for (const std::string& name : metrics) {
      row.push_back(MetricValue(objective, trial.status.observation, name));
    }
    const auto& [begin, end] = std::tie(trial.status.start_time, trial.status.completion_time);
    row.insert(row.end(), {begin, end, Seconds(begin, end)});
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace lockstep
