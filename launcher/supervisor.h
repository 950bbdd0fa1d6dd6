// Supervisor: runs a LaunchPlan to its end in this process, with one poll loop. Nothing it started
// survives it, however it ends.
#pragma once

#include "launcher/job_dir.h"
#include "launcher/launch_plan.h"

namespace lockstep {

// Starts the guardian, then init commands and sidecars in order, then all ranks; forwards output;
// on the first failure (or SIGTERM, SIGINT, the deadline) sends TERM to every rank's process group,
// then KILL after plan.grace; ends the sidecars after the ranks; sweeps double forks; writes
// exit.json. A second SIGINT kills at once. Error: the launcher itself failed (job directory not
// writable, no process to be had); what it had started is ended first. Call once in a process,
// before threads are started.
Result<ExitRecord> Supervise(const LaunchPlan& plan);

}  // namespace lockstep
