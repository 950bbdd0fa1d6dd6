// Who runs a job: spec.managedBy of a TrainingJob, and of the kinds that become one. Pure.
#pragma once

#include <string_view>

namespace lockstep {

// Somebody other than this operator and the operators that it stands in for: the job is left alone,
// no condition is written, nothing runs.
bool IsManagedElsewhere(std::string_view managed_by);

}  // namespace lockstep
