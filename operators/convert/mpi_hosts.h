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

// A volume of these files, at kMpiFolder of a container of `pod`.
void AddMpiFolder(const char* volume_name, std::vector<InlineFile> files, Container& container,
                  PodSpec& pod);

}  // namespace lockstep
