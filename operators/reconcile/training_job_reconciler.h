// TrainingJob: runs its group of ranks by a JobBackend, one generation after the other, until one
// succeeds or the restart policy gives up.
#pragma once

#include <chrono>
#include <memory>

#include "operators/backend/job_backend.h"
#include "operators/control/reconciler.h"
#include "operators/reconcile/resource_claims.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

// `claims`: of what its jobs share; null: nothing is bounded, and nothing is told of devices.
std::unique_ptr<Reconciler> MakeTrainingJobReconciler(
    Store& store, JobBackend& backend, Clock& clock, std::chrono::milliseconds poll,
    std::shared_ptr<ResourceClaims> claims = nullptr);

}  // namespace lockstep
