// The hosts file of a job: this machine's, and the host names of the job's ranks, which are all on
// this machine. Pure.
#pragma once

#include <string>
#include <string_view>

#include "launcher/launch_plan.h"

namespace lockstep {

inline constexpr char kHostsPath[] = "/etc/hosts";

bool HasHostNames(const LaunchPlan& plan);

// `machine`: what this machine's /etc/hosts holds. A line of 127.0.0.1 for each rank, also for
// those that only lend their hosts.
std::string HostsText(std::string_view machine, const LaunchPlan& plan);

// The first host name of rank `index` of a role; "": it has none.
std::string HostOf(const LaunchPlan& plan, std::string_view role, int index);

}  // namespace lockstep
