#include "operators/reconcile/ownership.h"

#include <algorithm>

namespace lockstep {

OwnerReference ControllerReference(const Object& owner) {
  OwnerReference reference;
  reference.api_version = ApiVersionOf(owner);
  reference.kind = KindOf(owner);
  reference.name = MetaOf(owner).name;
  reference.uid = MetaOf(owner).uid;
  reference.controller = true;
  return reference;
}

bool IsOwnedBy(const ObjectMeta& meta, const ObjectMeta& owner) {
  return std::any_of(meta.owner_references.begin(), meta.owner_references.end(),
                     [&](const OwnerReference& reference) { return reference.uid == owner.uid; });
}

Result<std::vector<ObjectPtr>> TrialsOf(const Store& store, const ObjectMeta& experiment) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<ObjectPtr> trials,
                            store.List({.kind = Trial::kKind,
                                        .namespace_ = experiment.namespace_,
                                        .labels = {{kExperimentLabel, experiment.name}}}));
  std::erase_if(trials,
                [&](const ObjectPtr& trial) { return !IsOwnedBy(MetaOf(*trial), experiment); });
  return trials;
}

}  // namespace lockstep
