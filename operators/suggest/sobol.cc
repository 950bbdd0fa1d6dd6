#include <boost/random/sobol.hpp>

#include "operators/suggest/algorithms.h"
#include "operators/suggest/unused_points.h"

namespace lockstep {
namespace {

class Sobol final : public Suggester {
 public:
  Result<std::vector<Proposal>> Suggest(const SuggestRequest& request) override {
    const std::vector<Parameter>& parameters = request.space.parameters();
    if (parameters.empty() || parameters.size() > kSobolDimensionsMax) {
      return InvalidArgument("sobol searches 1 to " + std::to_string(kSobolDimensionsMax) +
                             " parameters, not " + std::to_string(parameters.size()));
    }
    UnusedPoints unused(request.space, request.history);
    std::vector<Proposal> proposals;
    for (int i = 0; i < request.count; ++i) {
      boost::random::sobol sequence(parameters.size());
      // Boost's sequence leaves the corner of all minima out itself.
      sequence.discard((request.history.size() + proposals.size()) * parameters.size());
      const auto draw = [&](std::uint64_t) {
        Point point;
        for (const Parameter& parameter : parameters) {
          const auto unit = static_cast<double>(sequence() >> 11) * 0x1p-53;
          point.push_back({parameter.name, parameter.FromUnit(unit)});
        }
        return point;
      };
      std::optional<Point> point = unused.Take(draw);
      if (!point) break;
      proposals.push_back({.assignments = *std::move(point), .labels = {}, .resume_from = {}});
    }
    return proposals;
  }
};

}  // namespace

std::unique_ptr<Suggester> MakeSobol() { return std::make_unique<Sobol>(); }

}  // namespace lockstep
