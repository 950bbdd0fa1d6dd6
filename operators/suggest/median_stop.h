// medianstop: a trial ends early when the best it has reported is worse than what the median trial
// did on average (Golovin et al., Google Vizier, KDD 2017, section 3.2.2, in Katib's form: the rule
// is made when the trial is). Pure.
//
// Settings, of Katib: min_trials_required (3), how many trials must have succeeded before there is
// a rule; start_step (4), the report from which on a trial is judged, and how many of their first
// reports the succeeded trials are judged by. Katib takes the mean of the averages; this is their
// median, which one diverged trial does not move, unless Katib's form is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/suggest/suggester.h"

namespace lockstep {

// Checks spec.earlyStopping; paths as CheckAlgorithm's.
std::vector<SettingError> CheckEarlyStopping(const AlgorithmSpec& early_stopping);

// How many of a trial's first reports MedianStopRule looks at.
// REQUIRES: CheckEarlyStopping found nothing.
std::size_t MedianStopReports(const AlgorithmSpec& early_stopping);

enum class MedianStopForm : std::uint8_t { kMedian, kKatibMean };
// The rule of a trial that begins now. `succeeded`: the objective's reports of each trial that has
// succeeded, in order; at least the first MedianStopReports of them. nullopt: there are too few of
// them. REQUIRES: CheckEarlyStopping found nothing.
std::optional<EarlyStoppingRule> MedianStopRule(const AlgorithmSpec& early_stopping,
                                                const ObjectiveSpec& objective,
                                                const std::vector<std::vector<double>>& succeeded,
                                                MedianStopForm form = MedianStopForm::kMedian);

}  // namespace lockstep
