// An ObservationStore in a SQLite file; the file may be the object store's own.
#pragma once

#include <memory>
#include <string>

#include "operators/observe/observation_store.h"

namespace lockstep {

// FailedPrecondition: see OpenStateFile (operators/store/database.h).
Result<std::unique_ptr<ObservationStore>> OpenSqliteObservationStore(const std::string& path);

}  // namespace lockstep
