// The operator's controllers: the visible table of who reconciles what and who wakes whom.
#pragma once

#include <chrono>
#include <vector>

#include "operators/backend/job_backend.h"
#include "operators/control/manager.h"
#include "operators/observe/observation_store.h"
#include "operators/reconcile/resource_pool.h"
#include "operators/reconcile/retention.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"

namespace lockstep {

struct ControllerOptions {
  // How often a running job is looked at: its output and its end.
  std::chrono::milliseconds poll{200};
  // Ended jobs lose their job directories beyond this, the oldest first (retention.h).
  std::uint64_t jobs_bytes_max = kJobsBytesMax;
  // What the jobs share (resource_pool.h); nullopt: nothing is bounded.
  std::optional<MachineResources> machine = std::nullopt;
};

// For Experiment, Suggestion, Trial and TrainingJob, and two that sweep up after them. All
// arguments outlive the controllers.
std::vector<Controller> MakeControllers(Store& store, ObservationStore& observations,
                                        JobBackend& backend, Clock& clock,
                                        const ControllerOptions& options = {});

}  // namespace lockstep
