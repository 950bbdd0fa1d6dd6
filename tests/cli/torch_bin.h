// The programs of a whole torch, which not every machine has.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

namespace lockstep {

// Where `./dev setup bench` puts it; ends with a slash.
inline std::string TorchBin() {
  std::ifstream pins(LOCKSTEP_SOURCE_DIR "/dependencies.env");
  std::string version;
  for (std::string line; std::getline(pins, line);) {
    if (line.starts_with("TORCH_VERSION=")) version = line.substr(line.find('=') + 1);
  }
  const char* const chosen = std::getenv("LOCKSTEP_CACHE_DIR");
  const char* const home = std::getenv("HOME");
  const std::string cache =
      chosen != nullptr ? chosen : std::string(home == nullptr ? "" : home) + "/.cache/lockstep";
  return cache + "/bench-torch-" + version + "/bin/";
}

}  // namespace lockstep
