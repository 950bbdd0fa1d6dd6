#include "operators/convert/mpi_hosts.h"

namespace lockstep {

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

void AddMpiFolder(const char* volume_name, std::vector<InlineFile> files, Container& container,
                  PodSpec& pod) {
  pod.volumes.push_back({.name = volume_name, .inline_files = std::move(files)});
  VolumeMount mount;
  mount.name = volume_name;
  mount.mount_path = kMpiFolder;
  container.volume_mounts.push_back(std::move(mount));
}

}  // namespace lockstep
