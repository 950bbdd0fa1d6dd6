#include "operators/suggest/unused_points.h"

#include <algorithm>

namespace lockstep {
namespace {

// Drawing finds a free point at once until the space is nearly full; then walking is cheaper.
constexpr std::uint64_t kDraws = 64;

std::vector<std::string> ValuesOf(const Point& point) {
  std::vector<std::string> values;
  for (const ParameterAssignment& assignment : point) values.push_back(assignment.value);
  return values;
}

}  // namespace

UnusedPoints::UnusedPoints(const SearchSpace& space, const std::vector<HistoryEntry>& history)
    : space_(space), cardinality_(space.cardinality()) {
  if (cardinality_ == 0) return;
  for (const HistoryEntry& entry : history) {
    Values values;
    for (const Parameter& parameter : space.parameters()) {
      const auto found =
          std::ranges::find(entry.assignments, parameter.name, &ParameterAssignment::name);
      values.push_back(found == entry.assignments.end() ? "" : found->value);
    }
    used_.insert(std::move(values));
  }
}

std::optional<Point> UnusedPoints::Take(const std::function<Point(std::uint64_t)>& draw) {
  if (cardinality_ == 0) return draw(0);
  for (std::uint64_t attempt = 0; attempt < kDraws; ++attempt) {
    Point point = draw(attempt);
    if (used_.insert(ValuesOf(point)).second) return point;
  }
  std::optional<Point> point = NextInOrder(used_.size() % cardinality_);
  if (point) used_.insert(ValuesOf(*point));
  return point;
}

std::optional<Point> UnusedPoints::NextInOrder(std::uint64_t first) const {
  // One more point than are used must hold a new one.
  const std::uint64_t steps = std::min<std::uint64_t>(cardinality_, used_.size() + 1);
  for (std::uint64_t i = 0; i < steps; ++i) {
    Point point = space_.PointAt((first + i) % cardinality_);
    if (!used_.contains(ValuesOf(point))) return point;
  }
  return std::nullopt;
}

}  // namespace lockstep
