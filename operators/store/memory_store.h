// A Store that remembers nothing: for tests and for `lockstep` verbs that keep no state.
#pragma once

#include <memory>

#include "operators/store/object_table.h"

namespace lockstep {

std::unique_ptr<Store> MakeMemoryStore(StoreOptions options = {});

}  // namespace lockstep
