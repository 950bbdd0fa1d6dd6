// Forgets the metrics of trials that are gone. Those of a Trial that was deleted by itself stay
// until its Experiment goes: the Experiment remembers the Trial's uid in an annotation.
#pragma once

#include <memory>
#include <vector>

#include "operators/control/reconciler.h"
#include "operators/observe/observation_store.h"
#include "operators/store/store.h"

namespace lockstep {

// What is to be looked at when this Trial or Experiment was deleted; nothing else matters. No
// object is of the kind of these keys.
inline constexpr char kObservationsKind[] = "Observations";
std::vector<ObjectKey> ObservationsOfDeleted(const Change& change);

std::unique_ptr<Reconciler> MakeObservationKeeper(Store& store, ObservationStore& observations);

}  // namespace lockstep
