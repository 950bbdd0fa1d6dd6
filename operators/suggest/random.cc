#include "operators/suggest/algorithms.h"
#include "operators/suggest/unused_points.h"

namespace lockstep {
namespace {

// Steele, Lea and Flood: Fast Splittable Pseudorandom Number Generators (2014), the finalizer of
// SplitMix64: every input bit changes every output bit with probability one half.
std::uint64_t Mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

double Unit(std::uint64_t seed, std::uint64_t trial, std::uint64_t attempt, std::uint64_t axis) {
  const std::uint64_t bits = Mix(Mix(Mix(Mix(seed) ^ trial) ^ attempt) ^ axis);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

class Random final : public Suggester {
 public:
  Result<std::vector<Proposal>> Suggest(const SuggestRequest& request) override {
    const std::vector<Parameter>& parameters = request.space.parameters();
    const std::uint64_t seed = SeedOf(request.settings, request.seed);
    UnusedPoints unused(request.space, request.history);
    std::vector<Proposal> proposals;
    for (int i = 0; i < request.count; ++i) {
      const std::uint64_t trial = request.history.size() + proposals.size();
      const auto draw = [&](std::uint64_t attempt) {
        Point point;
        for (std::size_t axis = 0; axis < parameters.size(); ++axis) {
          point.push_back(
              {parameters[axis].name, parameters[axis].FromUnit(Unit(seed, trial, attempt, axis))});
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

std::unique_ptr<Suggester> MakeRandom() { return std::make_unique<Random>(); }

}  // namespace lockstep
