// Tells the TrainingJobs whose time is over (retention.h) to remove their job directories. Runs
// when a job or its Trial has ended and when the operator starts: it waits for no time of its own,
// so that it keeps no idle operator from leaving.
#pragma once

#include <cstdint>
#include <memory>

#include "operators/control/reconciler.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

// The one key that it reconciles; no object is of this kind.
inline const ObjectKey kRetentionKey = {"Retention", "", "jobs"};

std::unique_ptr<Reconciler> MakeRetentionReconciler(Store& store, Clock& clock,
                                                    std::uint64_t bytes_max);

}  // namespace lockstep
