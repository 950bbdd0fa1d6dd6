// UnusedPoints: which points of a finite space no trial has had yet, so that none is tried twice.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operators/suggest/suggester.h"

namespace lockstep {

using Point = std::vector<ParameterAssignment>;

class UnusedPoints {
 public:
  UnusedPoints(const SearchSpace& space, const std::vector<HistoryEntry>& history);

  // The first of draw(0), draw(1), ... that is new, and takes it. When chance finds none soon, the
  // next new one in rank order. nullopt: every point of the space is taken. In a continuum draw(0)
  // is always new.
  std::optional<Point> Take(const std::function<Point(std::uint64_t attempt)>& draw);

 private:
  using Values = std::vector<std::string>;
  std::optional<Point> NextInOrder(std::uint64_t first) const;

  const SearchSpace& space_;
  const std::uint64_t cardinality_;
  std::set<Values> used_;
};

}  // namespace lockstep
