// MASTER_PORT: where the rendezvous of foreign frameworks listens on rank 0's host.
#pragma once

#include "launcher/launch_plan.h"

namespace lockstep {

// A port of 127.0.0.1 that nobody listens on now.
Result<int> FreePort();

// A plan may fix the port. Ranks would fail seconds into their start or, worse, talk to whoever has
// it, so it is tried before any of them starts; not where MASTER_ADDR is another host.
// InvalidArgument: no port number. FailedPrecondition: in use.
Status CheckMasterPort(const LaunchPlan& plan);

}  // namespace lockstep
