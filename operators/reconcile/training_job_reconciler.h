// TrainingJob: runs its group of ranks by a JobBackend, one generation after the other, until one
// succeeds or the restart policy gives up.
#pragma once

#include <chrono>
#include <memory>

#include "operators/backend/job_backend.h"
#include "operators/control/reconciler.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

std::unique_ptr<Reconciler> MakeTrainingJobReconciler(Store& store, JobBackend& backend,
                                                      Clock& clock, std::chrono::milliseconds poll);

}  // namespace lockstep
