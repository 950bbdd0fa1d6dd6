// The one source of chance in a simulation: the same seed, the same world.
#pragma once

#include <cstdint>
#include <random>

namespace lockstep::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // 0 .. bound - 1. REQUIRES: bound > 0
  std::uint64_t Below(std::uint64_t bound) { return engine_() % bound; }
  // first .. last
  std::int64_t Between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(last - first + 1)));
  }
  bool OneIn(std::uint64_t bound) { return Below(bound) == 0; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace lockstep::sim
