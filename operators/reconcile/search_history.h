// What the search has learned so far: its points and what became of them. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/api/suggestion.h"
#include "operators/api/trial.h"
#include "operators/suggest/suggester.h"

namespace lockstep {

// One entry for each of `suggestions`, in order; `trials` by name.
std::vector<HistoryEntry> SearchHistory(const ObjectiveSpec& objective,
                                        const GrowingList<TrialAssignment>& suggestions,
                                        const std::map<std::string, const Trial*>& trials);

}  // namespace lockstep
