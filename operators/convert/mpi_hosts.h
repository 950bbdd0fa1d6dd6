// Which hosts mpirun may start processes on, in the words of each implementation. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operators/api/training_job.h"

namespace lockstep {

enum class MpiImplementation : std::uint8_t { kOpenMpi, kIntel, kMpich };

inline constexpr char kMpiFolder[] = "/etc/mpi";
inline constexpr std::int32_t kReadable = 0444;
inline constexpr std::int32_t kExecutable = 0555;

// A line a host: "NAME slots=N", or "NAME:N".
std::string HostLine(MpiImplementation implementation, const std::string& host, std::int64_t slots);

// `text`, and on one machine localhost with `local_slots` slots; as it is where there are none.
InlineFile Hostfile(MpiImplementation implementation, std::string text, std::int64_t local_slots);

// The hosts of an MPIJob.
struct HostList {
  bool is_v1 = false;
  std::int64_t slots = 1;     // of each
  std::string launcher = {};  // "": it takes no processes
  std::vector<std::string> workers = {};

  std::int64_t local_slots() const {
    return slots * static_cast<std::int64_t>(workers.size() + (launcher.empty() ? 0 : 1));
  }
};
// discover_hosts.sh, which prints a line a host, as the operator writes it once all pods run.
InlineFile DiscoverFile(const HostList& hosts);
// kubexec.sh, by which mpirun of a v1 job enters the container `main` (or the only one) of another
// pod. On one machine there is no other: it only says so, and mpirun asks that it is there.
InlineFile KubexecFile(const std::string& main);

// A volume of these files, at kMpiFolder of a container of `pod`.
void AddMpiFolder(const char* volume_name, std::vector<InlineFile> files, Container& container,
                  PodSpec& pod);

}  // namespace lockstep
