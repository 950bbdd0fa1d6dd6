// Ports of this machine, so that no two programs of this or another job are told the same one.
//
// A lease is an abstract Unix socket, "lockstep-port-N", bound for as long as its launcher lives:
// another launcher that wants the port finds it taken, also before anything listens there. Ports
// that programs without leases use are found by trying to listen on them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "launcher/launch_plan.h"
#include "launcher/rank_tokens.h"
#include "launcher/unique_fd.h"
#include "runtime/base/status.h"

namespace lockstep {

// Where ports are chosen from that nobody asked for: below those that the kernel gives to outgoing
// connections, which would take them at any time.
struct PortRange {
  int first = 20'000;
  int last = 32'767;
};
// By the lower end of the kernel's own range, the text of
// /proc/sys/net/ipv4/ip_local_port_range. Pure.
PortRange PortRangeBelow(const std::string& kernels_range);

enum class PortState : std::uint8_t {
  kFree,
  kLeased,      // another launcher has it
  kListens,     // a program listens on it
  kLingers,     // connections of a program that has ended are still there
  kNotAllowed,  // this user may not listen on it
};

class PortLeases {
 public:
  // `seed`: where the search for a port begins, so that launchers do not meet.
  PortLeases(PortRange range, std::uint32_t seed) : range_(range), seed_(seed) {}
  // Of this machine.
  static PortLeases Open();

  // kFree: it is leased from now on, by us. Also when it was leased by us before.
  PortState Take(int port);
  // One of the range. Unavailable: there is none.
  Result<int> TakeAny();

 private:
  PortRange range_;
  std::uint32_t seed_;
  std::map<int, UniqueFd> held_;
};

struct PortTable {
  std::map<PortName, int> ports;
  std::vector<std::string> notes;  // a sentence for each that is not what its role asks for
};
// The ports that the programs of `plan` are told: those of their roles where they are free, and
// where no rank before has the same. REQUIRES: CheckLaunchPlan(plan) is ok
Result<PortTable> LeasePorts(const LaunchPlan& plan, PortLeases* leases);

}  // namespace lockstep
