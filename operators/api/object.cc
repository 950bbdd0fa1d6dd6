#include "operators/api/object.h"

#include <algorithm>
#include <cctype>
#include <type_traits>

#include "operators/api/did_you_mean.h"
#include "operators/api/encode_visitor.h"
#include "operators/api/job_kind.h"

namespace lockstep {
namespace {

std::string Lowercase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

template <class T>
KindName NameOf(std::string_view short_name) {
  return {T::kKind, T::kApiVersion, T::kPlural, short_name};
}

}  // namespace

bool HasState(const Object& object) {
  return std::visit([](const auto& value) { return HasStatus<std::decay_t<decltype(value)>>; },
                    object);
}

std::string_view KindOf(const Object& object) {
  return std::visit([](const auto& value) { return std::string_view(value.kKind); }, object);
}

std::string_view ApiVersionOf(const Object& object) {
  return std::visit([](const auto& value) { return std::string_view(value.kApiVersion); }, object);
}

const ObjectMeta& MetaOf(const Object& object) {
  return std::visit([](const auto& value) -> const ObjectMeta& { return value.meta; }, object);
}

ObjectMeta& MetaOf(Object& object) {
  return std::visit([](auto& value) -> ObjectMeta& { return value.meta; }, object);
}

ObjectKey KeyOf(const Object& object) {
  const ObjectMeta& meta = MetaOf(object);
  return {std::string(KindOf(object)), meta.namespace_, meta.name};
}

Json EncodeObject(const Object& object) {
  Json json = std::visit([](const auto& value) { return EncodeValue(value); }, object);
  json["apiVersion"] = ApiVersionOf(object);
  json["kind"] = KindOf(object);
  return json;
}

const std::vector<KindName>& KindNames() {
  static const std::vector<KindName> names = {NameOf<Experiment>("exp"),
                                              NameOf<Suggestion>("sug"),
                                              NameOf<Trial>("tr"),
                                              NameOf<TrainingJob>("tj"),
                                              NameOf<ConfigMap>("cm"),
                                              NameOf<Secret>(""),
                                              NameOf<TrainingRuntime>("trt"),
                                              NameOf<ClusterTrainingRuntime>("ctr")};
  return names;
}

Result<KindName> FindKind(std::string_view typed) {
  const std::string whole = Lowercase(typed);
  const bool is_batch = whole.starts_with("job.batch") || whole.starts_with("jobs.batch");
  const std::string lower = is_batch ? Lowercase(kBatchJob) : whole.substr(0, whole.find('.'));
  std::vector<std::string_view> candidates;
  std::string kinds;
  for (const std::vector<KindName>* list : {&KindNames(), &JobKindNames()}) {
    for (const KindName& name : *list) {
      if (!lower.empty() &&
          (lower == Lowercase(name.kind) || lower == name.plural || lower == name.short_name)) {
        return name;
      }
      candidates.push_back(name.plural);
      kinds += (kinds.empty() ? "" : ", ") + std::string(name.plural);
      if (!name.short_name.empty()) kinds += " (" + std::string(name.short_name) + ")";
    }
  }
  return NotFound("no kind \"" + std::string(typed) + "\"" + DidYouMean(lower, candidates) +
                  ": the kinds are " + kinds);
}

}  // namespace lockstep
