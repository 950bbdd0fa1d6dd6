// Where an object comes from: the directory and the PATH of whoever applies it.
#pragma once

#include "operators/api/object.h"

namespace lockstep {

// Local processes start where apply was run, with its PATH, as if the user had started them: as
// annotations of an Experiment or a TrainingJob, unless it has them.
void AddOrigin(Object& object);

}  // namespace lockstep
