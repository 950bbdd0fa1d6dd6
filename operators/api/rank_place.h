// Which role a rank of a TrainingJob belongs to. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "operators/api/training_job.h"

namespace lockstep {

struct RankPlace {
  std::size_t role = 0;  // in spec.roles
  int index = 0;         // in the role
};

// Ranks are numbered through the roles in order, without those that only lend their hosts.
// nullopt: there is no such rank.
std::optional<RankPlace> PlaceOfRank(const TrainingJobSpec& spec, int rank);

}  // namespace lockstep
