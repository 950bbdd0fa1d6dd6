// Experiment: asks its Suggestion for points, creates a Trial for each, and says how the search
// stands.
//
// A Trial's name follows from the Experiment's uid and the index of its point, and the point is
// stored before the Trial is created: after a kill at any moment the same Trials come into being,
// each once. What runs when the Experiment ends is stopped by the Trials' own reconciler.
#pragma once

#include <memory>

#include "operators/control/reconciler.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

std::unique_ptr<Reconciler> MakeExperimentReconciler(Store& store, Clock& clock);

}  // namespace lockstep
