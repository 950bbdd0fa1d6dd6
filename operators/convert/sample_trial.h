// The trial that shows what an Experiment runs before anything does: of parameters' first values.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/convert/trial_template_source.h"
#include "runtime/base/status.h"

namespace lockstep {

// "NAME-sample".
std::string SampleTrialName(const Experiment& experiment);

// For each parameter a value that it may take. Of an architecture search, whose algorithm names its
// assignments itself: a text for each one that the template asks for.
std::vector<ParameterAssignment> SampleAssignments(const ExperimentSpec& spec);

// The manifest of its job. Errors as RenderTrial's; InvalidArgument also when there is no
// trialTemplate.
Result<Json> RenderSample(const Experiment& experiment, const ConfigMapLookup& config_maps);

}  // namespace lockstep
