// How users name objects on the command line, and how the verbs name them back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/object.h"

namespace lockstep {

inline constexpr char kDefaultNamespace[] = "default";

// "experiment.kubeflow.org/random", "configmap/names", as kubectl prints it; of a job the kind that
// was applied: "pytorchjob.kubeflow.org/mnist".
std::string TypedName(const Object& object);

// "trial/random-a1" -> its key. InvalidArgument: not KIND/NAME.
Result<ObjectKey> ParseObjectName(std::string_view typed, const std::string& namespace_);
// {"trial/random-a1"} or {"trial", "random-a1"}. REQUIRES: one word or two
Result<ObjectKey> ParseObjectName(const std::vector<std::string>& words,
                                  const std::string& namespace_);
// `kind` as FindKind takes it, or as TypedName writes it.
Result<ObjectKey> MakeObjectKey(std::string_view kind, std::string_view name,
                                const std::string& namespace_);

}  // namespace lockstep
