// What a run draws from the machine before its first process starts: its tag, its addresses, its
// directory.
#pragma once

#include <string>

#include "launcher/port_lease.h"
#include "launcher/rank_env.h"
#include "runtime/base/clock.h"
#include "runtime/base/status.h"

namespace lockstep {

Environment OwnEnvironment();

// A tag and a rendezvous that nobody else has, and a port (leased) where `with_port`.
Result<RunIdentity> DrawRunIdentity(std::string job_dir, bool with_port, PortLeases* leases);

// <state>/runs/<time>-<pid>, where <state> is LOCKSTEP_STATE_DIR, $XDG_STATE_HOME/lockstep, or
// ~/.local/state/lockstep. FailedPrecondition when none of the three is set. Makes nothing.
Result<std::string> NewRunDir(const Environment& env, WallTime now, int pid);

std::string HostName();

}  // namespace lockstep
