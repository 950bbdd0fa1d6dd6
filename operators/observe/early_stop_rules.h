// Whether a trial is to end early, by the rules that were given to it and what it has reported.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/observe/observation_store.h"

namespace lockstep {

// When a rule is looked at: with every report of its metric from the startStep-th on, or, as Katib
// does, with that one alone. One without a startStep is looked at with every report.
enum class RuleTiming : std::uint8_t { kFromStartStep, kAtStartStep };

// nullopt: it goes on. Else why it ends, in one sentence.
//
// As in Katib, all rules must hold, a rule that has held once is done with, reports are counted for
// each metric by itself, and the objective is compared by its best so far. Reports that are no
// number do not count. More rows never turn an end into going on.
std::optional<std::string> EarlyStopReason(const std::vector<EarlyStoppingRule>& rules,
                                           const ObjectiveSpec& objective,
                                           const std::vector<MetricRow>& rows,
                                           RuleTiming timing = RuleTiming::kFromStartStep);

}  // namespace lockstep
