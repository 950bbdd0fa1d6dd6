// TrainingJob: runs its group of ranks by a JobBackend, one generation after the other, until one
// succeeds or the restart policy gives up.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "operators/backend/job_backend.h"
#include "operators/control/reconciler.h"
#include "operators/reconcile/resource_pool.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

// `machine`: what its jobs share; nullopt: nothing is bounded.
std::unique_ptr<Reconciler> MakeTrainingJobReconciler(
    Store& store, JobBackend& backend, Clock& clock, std::chrono::milliseconds poll,
    std::optional<MachineResources> machine = std::nullopt);

}  // namespace lockstep
