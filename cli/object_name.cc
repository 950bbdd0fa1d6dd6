#include "cli/object_name.h"

#include <algorithm>
#include <cctype>

#include "operators/api/job_kind.h"

namespace lockstep {

std::string TypedName(const Object& object) {
  const auto* job = std::get_if<TrainingJob>(&object);
  std::string kind = job != nullptr ? AppliedKind(*job) : std::string(KindOf(object));
  std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string version =
      job != nullptr ? AppliedApiVersion(*job) : std::string(ApiVersionOf(object));
  const std::size_t slash = version.find('/');
  if (slash != std::string::npos) kind += "." + version.substr(0, slash);
  return kind + "/" + MetaOf(object).name;
}

Result<ObjectKey> ParseObjectName(std::string_view typed, const std::string& namespace_) {
  const std::size_t slash = typed.find('/');
  if (slash == std::string_view::npos || slash + 1 == typed.size()) {
    return InvalidArgument("'" + std::string(typed) +
                           "' names no object: write KIND/NAME, as in experiment/random");
  }
  return MakeObjectKey(typed.substr(0, slash), typed.substr(slash + 1), namespace_);
}

Result<ObjectKey> ParseObjectName(const std::vector<std::string>& words,
                                  const std::string& namespace_) {
  CHECK(words.size() == 1 || words.size() == 2) << words.size() << " words";
  return words.size() == 2 ? MakeObjectKey(words[0], words[1], namespace_)
                           : ParseObjectName(words[0], namespace_);
}

Result<ObjectKey> MakeObjectKey(std::string_view kind, std::string_view name,
                                const std::string& namespace_) {
  LOCKSTEP_ASSIGN_OR_RETURN(const KindName found, FindKind(kind));
  return ObjectKey{std::string(found.kind), namespace_, std::string(name)};
}

}  // namespace lockstep
