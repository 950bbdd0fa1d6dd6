// Object: any API object the store keeps.
#pragma once

#include <string_view>
#include <variant>

#include "operators/api/config_map.h"
#include "operators/api/experiment.h"
#include "operators/api/secret.h"
#include "operators/api/suggestion.h"
#include "operators/api/training_job.h"
#include "operators/api/training_runtime.h"
#include "operators/api/trial.h"
#include "runtime/base/status.h"

namespace lockstep {

using Object = std::variant<Experiment, Suggestion, Trial, TrainingJob, ConfigMap, Secret,
                            TrainingRuntime, ClusterTrainingRuntime>;

// Kinds that say what is wanted and what is. ConfigMaps, Secrets and runtimes do neither.
template <class T>
concept HasStatus = requires(const T& value) {
  value.spec;
  value.status;
};

// Whether its kind has a status.
bool HasState(const Object& object);
std::string_view KindOf(const Object& object);
std::string_view ApiVersionOf(const Object& object);
const ObjectMeta& MetaOf(const Object& object);
ObjectMeta& MetaOf(Object& object);
ObjectKey KeyOf(const Object& object);

// With apiVersion and kind first; empty fields are left out, as Kubernetes does.
Json EncodeObject(const Object& object);
// Of a document that needs no source positions (the store, the wire). InvalidArgument names kind
// and field path of the first error.
Result<Object> DecodeObject(const Json& json);

// The kinds, as users may type them: kind, plural, singular and short name.
struct KindName {
  std::string_view kind;
  std::string_view api_version;
  std::string_view plural;
  std::string_view short_name;
};
// All kinds that a store keeps, in the order `lockstep get all` shows them.
const std::vector<KindName>& KindNames();
// Of these and of job_kind.h's. Case does not matter, nor a group behind it: "trial", "trials",
// "Trial", "tr", "pytorchjob.kubeflow.org". NotFound lists the kinds, with a "did you mean".
Result<KindName> FindKind(std::string_view typed);

}  // namespace lockstep
