#include "cli/object_query.h"

#include <algorithm>
#include <string_view>

#include "cli/object_name.h"
#include "operators/api/job_kind.h"

namespace lockstep {
namespace {

void AddKind(const KindName& kind, ObjectQuery& query) {
  const auto same = [&](const KindName& known) { return known.kind == kind.kind; };
  if (std::ranges::none_of(query.kinds, same)) query.kinds.push_back(kind);
}

Result<ObjectQuery> ParseTypedNames(const std::vector<std::string>& words,
                                    const std::string& namespace_) {
  ObjectQuery query;
  for (const std::string& word : words) {
    if (word.find('/') == std::string::npos) {
      return InvalidArgument("'" + word + "' stands among names of the form KIND/NAME: write " +
                             "its kind in front too");
    }
    LOCKSTEP_ASSIGN_OR_RETURN(const ObjectKey key, ParseObjectName(word, namespace_));
    LOCKSTEP_ASSIGN_OR_RETURN(const KindName kind, FindKind(key.kind));
    AddKind(kind, query);
    query.keys.push_back(key);
  }
  return query;
}

}  // namespace

Result<ObjectQuery> ParseObjectQuery(const std::vector<std::string>& words,
                                     const std::string& namespace_) {
  CHECK(!words.empty()) << "no words";
  if (words.front().find('/') != std::string::npos) return ParseTypedNames(words, namespace_);
  ObjectQuery query;
  const std::string& kinds = words.front();
  if (kinds == "all") {
    if (words.size() > 1) {
      return InvalidArgument(
          "'all' is every object of every kind but configmaps and secrets: write the kind of '" +
          words[1] + "' instead, as in trial/" + words[1]);
    }
    query.kinds = KindNames();
    // As kubectl's: what is configured, not what runs.
    std::erase_if(query.kinds, [](const KindName& kind) {
      return kind.kind == ConfigMap::kKind || kind.kind == Secret::kKind ||
             kind.kind.ends_with("TrainingRuntime");
    });
    std::ranges::replace_if(
        query.kinds, [](const KindName& kind) { return kind.kind == TrainingJob::kKind; },
        JobKindNames().front());
    return query;
  }
  for (std::size_t begin = 0; begin <= kinds.size();) {
    const std::size_t end = std::min(kinds.find(',', begin), kinds.size());
    const std::string_view typed = std::string_view(kinds).substr(begin, end - begin);
    LOCKSTEP_ASSIGN_OR_RETURN(const KindName kind, FindKind(typed));
    AddKind(kind, query);
    begin = end + 1;
  }
  for (const KindName& kind : query.kinds) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i].empty() || words[i].find('/') != std::string::npos) {
        return InvalidArgument("'" + words[i] + "' is no name: after " + kinds +
                               " only names follow; or write every object as KIND/NAME");
      }
      query.keys.push_back({std::string(kind.kind), namespace_, words[i]});
    }
  }
  return query;
}

}  // namespace lockstep
