#include "launcher/master_port.h"

#include <charconv>

namespace lockstep {
namespace {

Status CheckPort(const std::string& text, bool nested, PortLeases* leases) {
  int port = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port < 1 || port > 65535) {
    return InvalidArgument("MASTER_PORT=" + text + " is no port: use 1 to 65535, or leave it out");
  }
  switch (leases->Take(port)) {
    case PortState::kFree:
    case PortState::kLingers: return OkStatus();  // a server that says so may listen all the same
    case PortState::kLeased:
      if (nested) return OkStatus();
      [[fallthrough]];
    case PortState::kListens:
      return FailedPrecondition("MASTER_PORT=" + text +
                                " is in use on this host: use another, or leave it out and a free "
                                "one is taken");
    case PortState::kNotAllowed:
      return FailedPrecondition("MASTER_PORT=" + text +
                                ": this user may not listen there: use one from 1024 on");
  }
  return OkStatus();
}

bool IsThisHost(const std::string& address) {
  return address == "localhost" || address.starts_with("127.");
}

}  // namespace

Status CheckMasterPort(const LaunchPlan& plan, bool nested, PortLeases* leases) {
  for (const LaunchRole& role : plan.roles) {
    const auto value = [&](const char* name) -> const std::string* {
      for (const auto* env : {&role.env, &plan.env}) {
        if (const auto found = env->find(name); found != env->end()) return &found->second;
      }
      return nullptr;
    };
    const std::string* port = value("MASTER_PORT");
    const std::string* address = value("MASTER_ADDR");
    if (port == nullptr || (address != nullptr && !IsThisHost(*address))) continue;
    if (port->find("${") != port->npos) continue;
    LOCKSTEP_RETURN_IF_ERROR(CheckPort(*port, nested, leases));
  }
  return OkStatus();
}

}  // namespace lockstep
