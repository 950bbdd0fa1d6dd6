#include "operators/observe/summarize.h"

#include <algorithm>

#include "operators/observe/metric_value.h"
#include "operators/observe/row_time.h"

namespace lockstep {
namespace {

// nullopt: no row of that name. InvalidArgument: a time that is none.
Result<std::optional<Metric>> SummarizeOne(const std::string& name,
                                           const std::vector<MetricRow>& rows) {
  Metric metric{.name = name, .min = kUnavailable, .max = kUnavailable, .latest = {}};
  std::optional<double> min;
  std::optional<double> max;
  std::optional<RowTime> latest;
  for (const MetricRow& row : rows) {
    if (row.name != name) continue;
    const std::optional<RowTime> time = ParseRowTime(row.time);
    if (!time) {
      return InvalidArgument("a row of " + name + " has the time \"" + row.time +
                             "\", which is not RFC 3339: parsers let none such through");
    }
    if (!latest || *time >= *latest) {
      latest = time;
      metric.latest = row.value;
    }
    const std::optional<double> value = ParseMetricValue(row.value);
    if (!value) continue;
    if (!min || *value < *min) {
      min = value;
      metric.min = row.value;
    }
    if (!max || *value > *max) {
      max = value;
      metric.max = row.value;
    }
  }
  if (!latest) return std::optional<Metric>();
  return std::optional<Metric>(std::move(metric));
}

bool HasStrategy(const ObjectiveSpec& objective, const std::string& name) {
  return std::ranges::find(objective.metric_strategies, name, &MetricStrategy::name) !=
         objective.metric_strategies.end();
}

std::string_view StrategyOf(const ObjectiveSpec& objective) {
  const auto found = std::ranges::find(objective.metric_strategies, objective.objective_metric_name,
                                       &MetricStrategy::name);
  if (found != objective.metric_strategies.end()) return found->value;
  return objective.type == "maximize" ? "max" : "min";
}

}  // namespace

Result<Observation> Summarize(const ObjectiveSpec& objective, const std::vector<MetricRow>& rows) {
  Observation observation;
  const std::string& name = objective.objective_metric_name;
  LOCKSTEP_ASSIGN_OR_RETURN(std::optional<Metric> first, SummarizeOne(name, rows));
  if (HasStrategy(objective, name)) {
    if (!first || first->min == kUnavailable) {
      first = Metric{name, kUnavailable, kUnavailable, kUnavailable};
    }
    observation.metrics.push_back(*std::move(first));
  }
  for (const std::string& additional : objective.additional_metric_names) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<Metric> metric, SummarizeOne(additional, rows));
    if (metric && HasStrategy(objective, additional)) {
      observation.metrics.push_back(*std::move(metric));
    }
  }
  return observation;
}

std::vector<CurvePoint> Curve(const ObjectiveSpec& objective, const std::vector<MetricRow>& rows,
                              std::size_t points_max) {
  std::vector<CurvePoint> reports;
  for (const MetricRow& row : rows) {
    if (row.name == objective.objective_metric_name) reports.push_back({row.step, row.value});
  }
  if (reports.size() <= points_max) return reports;
  std::vector<CurvePoint> curve;
  for (std::size_t i = 1; i <= points_max; ++i) {
    curve.push_back(reports[i * reports.size() / points_max - 1]);
  }
  return curve;
}

std::optional<double> ObjectiveValue(const ObjectiveSpec& objective,
                                     const Observation& observation) {
  const auto metric =
      std::ranges::find(observation.metrics, objective.objective_metric_name, &Metric::name);
  if (metric == observation.metrics.end()) return std::nullopt;
  const std::string_view strategy = StrategyOf(objective);
  if (strategy == "latest") return ParseMetricValue(metric->latest);
  return ParseMetricValue(strategy == "max" ? metric->max : metric->min);
}

}  // namespace lockstep
