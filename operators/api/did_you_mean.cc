#include "operators/api/did_you_mean.h"

#include <algorithm>
#include <cctype>

namespace lockstep {
namespace {

constexpr int kStep = 2;  // an edit; a difference in case alone is half of one
constexpr std::size_t kNameBytesMax = 64;

int Replace(char a, char b) {
  if (a == b) return 0;
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return lower(a) == lower(b) ? 1 : kStep;
}

// Optimal string alignment: insertions, deletions, replacements and swapped neighbours.
int EditDistance(std::string_view a, std::string_view b) {
  std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = kStep * static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = kStep * static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min(
          {last[j] + kStep, row[j - 1] + kStep, last[j - 1] + Replace(a[i - 1], b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + kStep);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view NearestName(std::string_view typed,
                             const std::vector<std::string_view>& candidates) {
  if (typed.empty() || typed.size() > kNameBytesMax) return "";
  std::string_view nearest;
  int distance_min = 0;
  for (const std::string_view candidate : candidates) {
    const int distance = EditDistance(typed, candidate);
    const auto longer = static_cast<int>(std::max(typed.size(), candidate.size()));
    if (distance > kStep * std::max(1, longer / 3)) continue;
    if (nearest.empty() || distance < distance_min) {
      nearest = candidate;
      distance_min = distance;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view typed, const std::vector<std::string_view>& candidates) {
  const std::string_view nearest = NearestName(typed, candidates);
  return nearest.empty() ? "" : " (did you mean " + std::string(nearest) + "?)";
}

}  // namespace lockstep
