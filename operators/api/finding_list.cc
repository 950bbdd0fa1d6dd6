#include "operators/api/finding_list.h"

#include "operators/api/did_you_mean.h"

namespace lockstep {

void FindingList::UnknownField(std::string_view parent, std::string_view name,
                               const std::vector<std::string_view>& known) {
  constexpr std::size_t kQuotedBytesMax = 60;
  std::string quoted(name.substr(0, kQuotedBytesMax));
  if (name.size() > kQuotedBytesMax) quoted += "...";
  const std::string_view nearest = NearestName(name, known);
  Add({.path = FieldPath(parent, name),
       .position = {},
       .message = "unknown field \"" + quoted + "\"" + DidYouMean(name, known),
       .unknown_field = true,
       .meant_path = nearest.empty() ? "" : FieldPath(parent, nearest)});
}

}  // namespace lockstep
