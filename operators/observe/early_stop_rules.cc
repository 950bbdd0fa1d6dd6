#include "operators/observe/early_stop_rules.h"

#include <algorithm>

#include "operators/observe/metric_value.h"

namespace lockstep {
namespace {

bool Holds(double value, const std::string& comparison, double limit) {
  if (comparison == "less") return value < limit;
  if (comparison == "greater") return value > limit;
  return comparison == "equal" && value == limit;
}

// The report that the rule held with; nullopt: none did.
std::optional<std::string> FirstBreach(const EarlyStoppingRule& rule,
                                       const ObjectiveSpec& objective,
                                       const std::vector<MetricRow>& rows, RuleTiming timing) {
  const std::optional<double> limit = ParseMetricValue(rule.value);
  if (!limit) return std::nullopt;
  const bool is_objective = rule.name == objective.objective_metric_name;
  std::optional<double> best;
  int reports = 0;
  for (const MetricRow& row : rows) {
    if (row.name != rule.name) continue;
    const std::optional<double> reported = ParseMetricValue(row.value);
    if (!reported) continue;
    const double before = best.value_or(*reported);
    best = objective.type == "maximize" ? std::max(before, *reported) : std::min(before, *reported);
    if (++reports < rule.start_step) continue;
    if (timing == RuleTiming::kAtStartStep && rule.start_step > 0 && reports > rule.start_step)
      break;
    if (!Holds(is_objective ? *best : *reported, rule.comparison, *limit)) continue;
    const std::string relation =
        rule.comparison == "equal" ? "is" : "is " + rule.comparison + " than";
    return rule.name + (is_objective ? ", at best, " : " ") + relation + " " + rule.value +
           " at report " + std::to_string(reports) + " (" + row.value + ")";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> EarlyStopReason(const std::vector<EarlyStoppingRule>& rules,
                                           const ObjectiveSpec& objective,
                                           const std::vector<MetricRow>& rows, RuleTiming timing) {
  if (rules.empty()) return std::nullopt;
  std::string reason;
  for (const EarlyStoppingRule& rule : rules) {
    const std::optional<std::string> breach = FirstBreach(rule, objective, rows, timing);
    if (!breach) return std::nullopt;
    reason += (reason.empty() ? "" : "; ") + *breach;
  }
  return reason;
}

}  // namespace lockstep
