// The training runtimes of a store, as pure functions ask for them.
#pragma once

#include "operators/api/training_runtime.h"
#include "operators/store/store.h"

namespace lockstep {

// `store` outlives the look-up. Errors as Store::Get's.
RuntimeLookup RuntimesOf(const Store& store);

}  // namespace lockstep
