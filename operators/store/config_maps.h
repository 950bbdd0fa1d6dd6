// The ConfigMaps and Secrets of a store, as pure functions ask for them.
#pragma once

#include "operators/api/config_map.h"
#include "operators/api/secret.h"
#include "operators/store/store.h"

namespace lockstep {

// `store` outlives the look-up. Errors as Store::Get's.
ConfigMapLookup ConfigMapsOf(const Store& store);
SecretLookup SecretsOf(const Store& store);

}  // namespace lockstep
