// Metric rows -> the observation of a trial. Pure.
#pragma once

#include <vector>

#include "operators/api/trial.h"
#include "operators/observe/observation_store.h"
#include "runtime/base/status.h"

namespace lockstep {

inline constexpr char kUnavailable[] = "unavailable";

// Each metric's min, max and latest as Katib's trial controller computes them (latest: the greatest
// time, ties to the later row), with one difference: what is not a finite number is never min or
// max. Objective first, then additional metrics in order; one without rows is left out, but the
// objective without a usable value is kUnavailable throughout. A metric without a strategy is left
// out (admission gives each one). InvalidArgument: a row's time is not RFC 3339.
Result<Observation> Summarize(const ObjectiveSpec& objective, const std::vector<MetricRow>& rows);

// The objective's reports, thinned evenly to at most `points_max`, the last one kept.
std::vector<CurvePoint> Curve(const ObjectiveSpec& objective, const std::vector<MetricRow>& rows,
                              std::size_t points_max = 200);

// The objective by its strategy; nullopt: none, or not a finite number.
std::optional<double> ObjectiveValue(const ObjectiveSpec& objective,
                                     const Observation& observation);

}  // namespace lockstep
