#include "launcher/run_identity.h"

#include <sched.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

Result<std::string> RandomHex() {
  std::array<std::uint8_t, kTagBytes / 2> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return ErrnoStatus("draw a random number", errno);
  }
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

int CoresOfMask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0) return CPU_COUNT(&mask);
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));  // more cores than the mask holds
}

std::string ValueOr(const Environment& env, const std::string& name, const std::string& otherwise) {
  const auto it = env.find(name);
  return it == env.end() || it->second.empty() ? otherwise : it->second;
}

}  // namespace

Environment OwnEnvironment() {
  Environment env;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != text.npos && equals > 0) {
      env.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return env;
}

Result<RunIdentity> DrawRunIdentity(std::string job_dir, bool with_port, PortLeases* leases) {
  RunIdentity run;
  LOCKSTEP_ASSIGN_OR_RETURN(run.tag, RandomHex());
  if (with_port) {
    LOCKSTEP_ASSIGN_OR_RETURN(run.master_port, leases->TakeAny());
  }
  run.rendezvous = "unix:@lockstep-" + run.tag;
  run.master_addr = "127.0.0.1";
  run.job_dir = std::move(job_dir);
  run.cores = CoresOfMask();
  return run;
}

Result<std::string> NewRunDir(const Environment& env, WallTime now, int pid) {
  const std::string home = ValueOr(env, "HOME", "");
  std::string state = ValueOr(env, "XDG_STATE_HOME", home.empty() ? "" : home + "/.local/state");
  if (!state.empty()) state += "/lockstep";
  state = ValueOr(env, "LOCKSTEP_STATE_DIR", state);
  if (state.empty()) {
    return FailedPrecondition(
        "no place for a job directory: neither LOCKSTEP_STATE_DIR, XDG_STATE_HOME nor HOME is set; "
        "set one, or give --job-dir");
  }
  std::string time;  // 20261124T031500
  for (const char c : FormatTime(now).substr(0, 19)) {
    if (c != '-' && c != ':') time += c;
  }
  return state + "/runs/" + time + "-" + std::to_string(pid);
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace lockstep
