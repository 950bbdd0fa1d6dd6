// TrialTable: an Experiment's trials for programs, a row each: what `lockstep export --to csv`
// writes. Pure.
#pragma once

#include <vector>

#include "cli/table_printer.h"
#include "operators/api/experiment.h"
#include "operators/api/trial.h"

namespace lockstep {

// number (from 0, as in the list), name, state, params.NAME..., metrics.NAME... by the objective's
// strategy, start, end (RFC 3339) and duration (seconds). What is not known is empty.
Table MakeTrialTable(const std::vector<Trial>& trials);

}  // namespace lockstep
