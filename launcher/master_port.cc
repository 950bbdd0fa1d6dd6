#include "launcher/master_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdint>

#include "launcher/unique_fd.h"

namespace lockstep {
namespace {

// Listens on `*port` (0: any, told there) of `address`, as a server would, and gives it up again.
// 0, or the error number.
int TryListen(std::uint32_t address, int* port) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;  // connections of a server that has ended keep nobody away
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(address);
  place.sin_port = htons(static_cast<std::uint16_t>(*port));
  socklen_t size = sizeof(place);
  auto* generic = reinterpret_cast<sockaddr*>(&place);
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(fd.get(), generic, size) != 0 || listen(fd.get(), 1) != 0 ||
      getsockname(fd.get(), generic, &size) != 0) {
    return errno;
  }
  *port = ntohs(place.sin_port);
  return 0;
}

Status CheckPort(const std::string& text) {
  int port = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port < 1 || port > 65535) {
    return InvalidArgument("MASTER_PORT=" + text + " is no port: use 1 to 65535, or leave it out");
  }
  const int why = TryListen(INADDR_ANY, &port);
  if (why == 0) return OkStatus();
  if (why == EADDRINUSE) {
    return FailedPrecondition("MASTER_PORT=" + text +
                              " is in use on this host: use another, or leave it out and a free "
                              "one is taken");
  }
  return ErrnoStatus("listen on MASTER_PORT=" + text, why);
}

bool IsThisHost(const std::string& address) {
  return address == "localhost" || address.starts_with("127.");
}

}  // namespace

Result<int> FreePort() {
  int port = 0;
  const int why = TryListen(INADDR_LOOPBACK, &port);
  if (why != 0) return ErrnoStatus("find a free port on 127.0.0.1", why);
  return port;
}

Status CheckMasterPort(const LaunchPlan& plan) {
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
    LOCKSTEP_RETURN_IF_ERROR(CheckPort(*port));
  }
  return OkStatus();
}

}  // namespace lockstep
