// RankSet: ranks of a job as users name them, "0,3-5". Pure.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

class RankSet {
 public:
  // "all" is every rank. InvalidArgument shows the form.
  static Result<RankSet> Parse(std::string_view text);

  bool Contains(int rank) const;
  bool is_all() const { return ranges_.empty(); }
  // The rank when it is one alone.
  std::optional<int> Only() const;
  int Highest() const;  // -1: all

 private:
  std::vector<std::pair<int, int>> ranges_;  // first and last of each; none: all
};

}  // namespace lockstep
