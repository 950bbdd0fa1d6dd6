#include "operators/api/rank_place.h"

namespace lockstep {

std::optional<RankPlace> PlaceOfRank(const TrainingJobSpec& spec, int rank) {
  if (rank < 0) return std::nullopt;
  int index = rank;
  for (std::size_t i = 0; i < spec.roles.size(); ++i) {
    if (spec.roles[i].host_only) continue;
    if (index < spec.roles[i].replicas) return RankPlace{i, index};
    index -= spec.roles[i].replicas;
  }
  return std::nullopt;
}

}  // namespace lockstep
