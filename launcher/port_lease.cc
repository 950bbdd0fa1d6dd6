#include "launcher/port_lease.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <initializer_list>

namespace lockstep {
namespace {

constexpr int kPortsMin = 1'000;  // a range that is smaller is none

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

enum class Where : std::uint8_t { kAny4, kLoopback4, kAny6, kLoopback6 };

Address AddressOf(Where where, int port) {
  Address address{};
  const std::uint16_t number = htons(static_cast<std::uint16_t>(port));
  if (where == Where::kAny6 || where == Where::kLoopback6) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_addr = where == Where::kAny6 ? in6addr_any : in6addr_loopback;
    address.v6.sin6_port = number;
  } else {
    address.v4.sin_family = AF_INET;
    address.v4.sin_addr.s_addr = htonl(where == Where::kAny4 ? INADDR_ANY : INADDR_LOOPBACK);
    address.v4.sin_port = number;
  }
  return address;
}

// 0, or the error number. Where this machine has no IPv6 nobody listens by it.
int TryListen(Where where, int port, bool reuse) {
  const Address address = AddressOf(where, port);
  const bool v6 = address.any.sa_family == AF_INET6;
  const UniqueFd fd(socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int again = reuse ? 1 : 0;
  if ((v6 && setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
      setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &again, sizeof(again)) != 0 ||
      bind(fd.get(), &address.any, v6 ? sizeof(address.v6) : sizeof(address.v4)) != 0 ||
      listen(fd.get(), 1) != 0) {
    const int why = fd.valid() ? errno : EAFNOSUPPORT;
    return v6 && (why == EAFNOSUPPORT || why == EADDRNOTAVAIL) ? 0 : why;
  }
  return 0;
}

// A program need not set SO_REUSEADDR, so we do without, and ask once more for the reason.
PortState Probe(int port) {
  for (const Where where : {Where::kAny4, Where::kLoopback4, Where::kAny6, Where::kLoopback6}) {
    const int why = TryListen(where, port, /*reuse=*/false);
    if (why == 0) continue;
    if (why == EACCES || why == EPERM) return PortState::kNotAllowed;
    return TryListen(where, port, /*reuse=*/true) == 0 ? PortState::kLingers : PortState::kListens;
  }
  return PortState::kFree;
}

// Not valid: somebody else has it.
UniqueFd BindLease(int port) {
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string text = "lockstep-port-" + std::to_string(port);
  std::memcpy(name.sun_path + 1, text.data(), text.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0) fd.reset();
  return fd;
}

std::string Why(PortState state) {
  switch (state) {
    case PortState::kFree: break;
    case PortState::kLeased: return "another job of this machine has it";
    case PortState::kListens: return "another program listens there";
    case PortState::kLingers:
      return "connections of a program that has ended are still closing there";
    case PortState::kNotAllowed: return "this user may not listen there";
  }
  return "";
}

}  // namespace

PortRange PortRangeBelow(const std::string& kernels_range) {
  PortRange range;
  int first = 0;
  std::from_chars(kernels_range.data(), kernels_range.data() + kernels_range.size(), first);
  if (first >= 1024 + kPortsMin) {
    range.last = first - 1;
    if (range.last - range.first < kPortsMin) range.first = 1024;
  }
  return range;
}

PortLeases PortLeases::Open() {
  std::array<char, 64> text{};
  const UniqueFd fd(open("/proc/sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC));
  if (fd.valid()) (void)!read(fd.get(), text.data(), text.size() - 1);
  std::uint32_t seed = 0;
  if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) seed = static_cast<unsigned>(getpid());
  return {PortRangeBelow(text.data()), seed};
}

PortState PortLeases::Take(int port) {
  if (held_.contains(port)) return PortState::kFree;
  UniqueFd lease = BindLease(port);
  if (!lease.valid()) return PortState::kLeased;
  const PortState state = Probe(port);
  if (state == PortState::kFree) held_.emplace(port, std::move(lease));
  return state;
}

Result<int> PortLeases::TakeAny() {
  const auto count = static_cast<std::uint32_t>(range_.last - range_.first + 1);
  for (std::uint32_t i = 0; i < count; ++i) {
    const int port = range_.first + static_cast<int>((seed_++ % count));
    if (!held_.contains(port) && Take(port) == PortState::kFree) return port;
  }
  return Unavailable("no port of this machine is free between " + std::to_string(range_.first) +
                     " and " + std::to_string(range_.last) + ": end a program that listens");
}

Result<PortTable> LeasePorts(const LaunchPlan& plan, PortLeases* leases) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<PortName> names, PortsOf(plan));
  PortTable table;
  std::map<int, const PortName*> given;  // by this plan
  for (const PortName& name : names) {
    const int wanted = std::ranges::find(plan.roles, name.role, &LaunchRole::name)->port;
    const auto other = given.find(wanted);
    PortState state = PortState::kLeased;
    if (wanted != 0 && other == given.end()) state = leases->Take(wanted);
    int port = wanted;
    if (state != PortState::kFree) {
      LOCKSTEP_ASSIGN_OR_RETURN(port, leases->TakeAny());
    }
    table.ports[name] = port;
    given.emplace(port, &name);
    if (port == wanted || wanted == 0) continue;
    const std::string why = other == given.end() ? Why(state)
                                                 : "rank " + std::to_string(other->second->index) +
                                                       " of " + other->second->role + " has it";
    table.notes.push_back(name.role + " " + std::to_string(name.index) + " listens on port " +
                          std::to_string(port) + " instead of " + std::to_string(wanted) + ": " +
                          why);
  }
  return table;
}

}  // namespace lockstep
