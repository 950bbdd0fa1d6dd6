// The trial that shows what an Experiment runs before anything does: of parameters' first values.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "runtime/base/status.h"

namespace lockstep {

// "NAME-sample".
std::string SampleTrialName(const Experiment& experiment);

// For each parameter a value that it may take.
std::vector<ParameterAssignment> SampleAssignments(const ExperimentSpec& spec);

// The manifest of its job. InvalidArgument as RenderTrial; also when there is no trialTemplate.
Result<Json> RenderSample(const Experiment& experiment);

}  // namespace lockstep
