#include "cli/object_name.h"

#include <algorithm>
#include <cctype>

namespace lockstep {

std::string TypedName(const Object& object) {
  std::string kind(KindOf(object));
  std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string_view version = ApiVersionOf(object);
  const std::size_t slash = version.find('/');
  if (slash != std::string_view::npos) kind += "." + std::string(version.substr(0, slash));
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
  LOCKSTEP_ASSIGN_OR_RETURN(const KindName found, FindKind(kind.substr(0, kind.find('.'))));
  return ObjectKey{std::string(found.kind), namespace_, std::string(name)};
}

Result<Labels> ParseLabels(std::string_view selector) {
  Labels labels;
  while (!selector.empty()) {
    const std::size_t end = std::min(selector.find(','), selector.size());
    const std::string_view term = selector.substr(0, end);
    const std::size_t equals = term.find('=');
    if (equals == 0 || equals == std::string_view::npos || term[equals - 1] == '!') {
      return InvalidArgument("label selector: '" + std::string(term) +
                             "' is not NAME=VALUE; only equality is known");
    }
    const std::size_t value = equals + (term.substr(equals).starts_with("==") ? 2 : 1);
    labels.emplace(term.substr(0, equals), term.substr(value));
    selector.remove_prefix(std::min(end + 1, selector.size()));
  }
  return labels;
}

}  // namespace lockstep
