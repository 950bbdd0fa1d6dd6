// An ObservationStore that remembers nothing: for tests.
#pragma once

#include <memory>

#include "operators/observe/observation_store.h"

namespace lockstep {

std::unique_ptr<ObservationStore> MakeMemoryObservationStore();

}  // namespace lockstep
