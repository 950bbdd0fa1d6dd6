// Suggestion: asks the search algorithm for as many points as its Experiment wants, and keeps them.
#pragma once

#include <memory>

#include "operators/control/reconciler.h"
#include "operators/observe/observation_store.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

std::unique_ptr<Reconciler> MakeSuggestionReconciler(Store& store,
                                                     const ObservationStore& observations,
                                                     Clock& clock);

}  // namespace lockstep
