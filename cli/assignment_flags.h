// --set NAME=VALUE: values for the parameters of an Experiment. Pure.
#pragma once

#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "runtime/base/status.h"

namespace lockstep {

// One assignment a parameter, in the order of `parameters`. InvalidArgument: a text without =, a
// name that is no parameter (with the nearest one) or comes twice, parameters without a value.
Result<std::vector<ParameterAssignment>> ReadAssignments(
    const std::vector<std::string>& texts, const std::vector<ParameterSpec>& parameters);

// A line for each assignment whose value the search would never draw: "--set lr=5: outside the
// feasible space of lr, a double from 0.01 to 0.05". REQUIRES: `parameters` are valid, and
// `assignments` theirs.
std::vector<std::string> ValuesOutside(const std::vector<ParameterAssignment>& assignments,
                                       const std::vector<ParameterSpec>& parameters);

}  // namespace lockstep
