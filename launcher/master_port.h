// MASTER_PORT: where the rendezvous of foreign frameworks listens on rank 0's host.
#pragma once

#include "launcher/launch_plan.h"
#include "launcher/port_lease.h"

namespace lockstep {

// A plan may fix the port. Ranks would fail seconds into their start or, worse, talk to whoever has
// it, so it is tried, and leased, before any of them starts; not where MASTER_ADDR is another host,
// or a token stands for the port. `nested`: this launcher is a rank of another, which may have
// leased it for us. InvalidArgument: no port number. FailedPrecondition: in use.
Status CheckMasterPort(const LaunchPlan& plan, bool nested, PortLeases* leases);

}  // namespace lockstep
