// The algorithms behind the registry, one file each.
#pragma once

#include <memory>

#include "operators/suggest/suggester.h"

namespace lockstep {

// Independent draws. The number behind each is a function of (seed, index of the trial, parameter),
// so that there is no generator whose state a restart could lose.
std::unique_ptr<Suggester> MakeRandom();
// Every point of a finite space in rank order, the last parameter fastest.
std::unique_ptr<Suggester> MakeGrid();
// Sobol's low-discrepancy sequence (Joe and Kuo's direction numbers, as Boost has them), from its
// second point on: the first is the corner of all minima.
std::unique_ptr<Suggester> MakeSobol();
inline constexpr std::size_t kSobolDimensionsMax = 3667;  // Boost's table ends here

// The setting random_state, or `seed` where it is not set.
std::uint64_t SeedOf(const std::vector<AlgorithmSetting>& settings, std::uint64_t seed);

}  // namespace lockstep
