#include <algorithm>

#include "operators/suggest/algorithms.h"

namespace lockstep {
namespace {

class Grid final : public Suggester {
 public:
  Result<std::vector<Proposal>> Suggest(const SuggestRequest& request) override {
    for (const Parameter& parameter : request.space.parameters()) {
      if (parameter.cardinality() == 0) {
        return InvalidArgument("grid search needs a step for parameter " + parameter.name +
                               ": between min and max there are too many values to try them all");
      }
    }
    // Where there are more points than 2^63, PointAt still counts them right: no search gets there.
    const std::uint64_t points = request.space.cardinality();
    const std::uint64_t first = request.history.size();
    std::uint64_t last = first + static_cast<std::uint64_t>(request.count);
    if (points != 0) last = std::min(last, points);
    std::vector<Proposal> proposals;
    for (std::uint64_t rank = first; rank < last; ++rank) {
      proposals.push_back(
          {.assignments = request.space.PointAt(rank), .labels = {}, .resume_from = {}});
    }
    return proposals;
  }
};

}  // namespace

std::unique_ptr<Suggester> MakeGrid() { return std::make_unique<Grid>(); }

}  // namespace lockstep
