#include "operators/store/config_maps.h"

namespace lockstep {

ConfigMapLookup ConfigMapsOf(const Store& store) {
  return [&store](const std::string& namespace_, const std::string& name) -> Result<ConfigMap> {
    LOCKSTEP_ASSIGN_OR_RETURN(const ObjectPtr object,
                              store.Get({ConfigMap::kKind, namespace_, name}));
    return std::get<ConfigMap>(*object);
  };
}

SecretLookup SecretsOf(const Store& store) {
  return [&store](const std::string& namespace_, const std::string& name) -> Result<Secret> {
    LOCKSTEP_ASSIGN_OR_RETURN(const ObjectPtr object, store.Get({Secret::kKind, namespace_, name}));
    return std::get<Secret>(*object);
  };
}

}  // namespace lockstep
