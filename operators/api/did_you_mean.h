// The name a user most likely meant, by edit distance.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// The candidate nearest to `typed` (case counts half), or "" when none is near enough to be a typo.
std::string_view NearestName(std::string_view typed,
                             const std::vector<std::string_view>& candidates);

// " (did you mean NAME?)", or "" when no candidate is near.
std::string DidYouMean(std::string_view typed, const std::vector<std::string_view>& candidates);

}  // namespace lockstep
