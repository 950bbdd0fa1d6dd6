#include "operators/convert/mpi_hosts.h"

#include <algorithm>

namespace lockstep {
namespace {

constexpr char kUnneededScript[] =
    "#!/bin/sh\n"
    "echo 'kubexec.sh: all processes of this job run on this machine, so mpirun needs no other "
    "host; give it the hostfile as it is, or localhost' >&2\n"
    "exit 1\n";

}  // namespace

std::string HostLine(MpiImplementation implementation, const std::string& host,
                     std::int64_t slots) {
  const char* const between = implementation == MpiImplementation::kOpenMpi ? " slots=" : ":";
  return host + between + std::to_string(slots) + "\n";
}

InlineFile Hostfile(MpiImplementation implementation, std::string text, std::int64_t local_slots) {
  InlineFile file{.path = "hostfile", .text = std::move(text), .mode = kReadable};
  if (local_slots > 0) file.local_text = HostLine(implementation, "localhost", local_slots);
  return file;
}

InlineFile DiscoverFile(const HostList& hosts) {
  // The operator lists running pods by name, and ends lines of a v1 job before they begin.
  std::vector<std::string> sorted = hosts.workers;
  std::ranges::sort(sorted);
  std::string text = "#!/bin/sh";
  const std::string slots = hosts.is_v1 ? ":" + std::to_string(hosts.slots) : "";
  if (!hosts.is_v1) text += "\n";
  const auto echo = [&](const std::string& host) {
    const std::string line = "echo " + host + slots;
    text += hosts.is_v1 ? "\n" + line : line + "\n";
  };
  if (!hosts.launcher.empty()) {
    echo(hosts.launcher);
    if (hosts.is_v1) text += "\n";
  }
  for (const std::string& host : sorted) echo(host);
  InlineFile file{.path = "discover_hosts.sh", .text = text, .mode = kExecutable};
  if (hosts.local_slots() > 0) {
    file.local_text = "#!/bin/sh\necho localhost:" + std::to_string(hosts.local_slots()) + "\n";
  }
  return file;
}

InlineFile KubexecFile(const std::string& main) {
  return {.path = "kubexec.sh",
          .text = "#!/bin/sh\nset -x\nPOD_NAME=$1\nshift\n/opt/kube/kubectl exec ${POD_NAME}" +
                  (main.empty() ? "" : " --container " + main) + " -- /bin/sh -c \"$*\"",
          .local_text = kUnneededScript,
          .mode = kExecutable};
}

void AddMpiFolder(const char* volume_name, std::vector<InlineFile> files, Container& container,
                  PodSpec& pod) {
  pod.volumes.push_back({.name = volume_name, .inline_files = std::move(files)});
  VolumeMount mount;
  mount.name = volume_name;
  mount.mount_path = kMpiFolder;
  container.volume_mounts.push_back(std::move(mount));
}

}  // namespace lockstep
