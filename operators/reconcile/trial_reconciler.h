// Trial: creates its TrainingJob, keeps the metrics that it prints while it runs, and says how it
// ended.
#pragma once

#include <chrono>
#include <memory>

#include "operators/backend/job_backend.h"
#include "operators/control/reconciler.h"
#include "operators/observe/observation_store.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

std::unique_ptr<Reconciler> MakeTrialReconciler(Store& store, ObservationStore& observations,
                                                JobBackend& backend, Clock& clock,
                                                std::chrono::milliseconds poll);

}  // namespace lockstep
