// Tells the TrainingJobs whose time is over (retention.h) to remove their job directories, and
// removes those of deleted ones itself. Runs when a job or its Trial has ended, when a job is
// deleted, and when the operator starts: it waits for no time of its own,
// so that it keeps no idle operator from leaving.
#pragma once

#include <cstdint>
#include <memory>

#include "operators/backend/job_backend.h"
#include "operators/control/reconciler.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

// The one key that it reconciles; no object is of this kind.
inline const ObjectKey kRetentionKey = {"Retention", "", "jobs"};

std::unique_ptr<Reconciler> MakeRetentionReconciler(Store& store, JobBackend& backend, Clock& clock,
                                                    std::uint64_t bytes_max);

}  // namespace lockstep
