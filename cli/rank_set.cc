#include "cli/rank_set.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace lockstep {

Result<RankSet> RankSet::Parse(std::string_view text) {
  RankSet set;
  if (text == "all") return set;
  const Status wrong =
      InvalidArgument("'" + std::string(text) + "' names no ranks: write 0, or 0,3-5, or all");
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto read = [&](int& rank) {
    const auto [stop, error] = std::from_chars(at, end, rank);
    at = stop;
    return error == std::errc() && rank >= 0;
  };
  for (;; ++at) {
    int first = 0;
    if (at == end || !read(first)) return wrong;
    int last = first;
    if (at != end && *at == '-' && (++at == end || !read(last) || last < first)) return wrong;
    set.ranges_.emplace_back(first, last);
    if (at == end) return set;
    if (*at != ',') return wrong;
  }
}

bool RankSet::Contains(int rank) const {
  return is_all() || std::ranges::any_of(ranges_, [&](const auto& range) {
           return range.first <= rank && rank <= range.second;
         });
}

std::optional<int> RankSet::Only() const {
  const bool one = ranges_.size() == 1 && ranges_[0].first == ranges_[0].second;
  return one ? std::optional(ranges_[0].first) : std::nullopt;
}

int RankSet::Highest() const {
  int highest = -1;
  for (const auto& [first, last] : ranges_) highest = std::max(highest, last);
  return highest;
}

}  // namespace lockstep
