// How a message names the pod of a role.
#pragma once

#include <cstddef>
#include <string>

#include "operators/api/training_job.h"

namespace lockstep {

// As a field of a TrainingJob; of a job that was written as another kind by its role, for its
// fields are not there: "role master, spec". Pure.
inline std::string PodPath(const TrainingJobSpec& spec, std::size_t role) {
  if (!spec.source.is_null()) return "role " + spec.roles[role].name + ", spec";
  return "spec.roles[" + std::to_string(role) + "].template.spec";
}

}  // namespace lockstep
