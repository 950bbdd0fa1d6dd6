#include "operators/convert/sample_trial.h"

#include <cmath>
#include <cstdlib>

#include "operators/convert/trial_template.h"

namespace lockstep {
namespace {

// 0.5 is 1; a whole number is left as it is spelled, and so is what is no number.
std::string FirstWhole(const std::string& bound) {
  const double number = std::strtod(bound.c_str(), nullptr);
  if (number == std::ceil(number) || !std::isfinite(number)) return bound;
  return Json(static_cast<std::int64_t>(std::ceil(number))).dump();
}

}  // namespace

std::string SampleTrialName(const Experiment& experiment) {
  return experiment.meta.name + "-sample";
}

std::vector<ParameterAssignment> SampleAssignments(const ExperimentSpec& spec) {
  std::vector<ParameterAssignment> assignments;
  for (const ParameterSpec& parameter : spec.parameters) {
    const FeasibleSpace space = parameter.feasible_space.value_or(FeasibleSpace{});
    std::string value = space.list.empty() ? space.min : space.list.front();
    if (parameter.parameter_type == "int") value = FirstWhole(value);
    assignments.push_back({parameter.name, std::move(value)});
  }
  if (!spec.parameters.empty() || !spec.nas_config || !spec.trial_template) return assignments;
  for (const TrialParameterSpec& parameter : spec.trial_template->trial_parameters) {
    if (parameter.reference.find(kTrialMetadataOpen) != std::string::npos) continue;
    assignments.push_back({parameter.reference, "sample"});
  }
  return assignments;
}

Result<Json> RenderSample(const Experiment& experiment, const ConfigMapLookup& config_maps) {
  if (!experiment.spec.trial_template) {
    return InvalidArgument("spec.trialTemplate: is missing, so there is no job to run");
  }
  return RenderTrial({*experiment.spec.trial_template, SampleTrialName(experiment),
                      experiment.meta.namespace_, SampleAssignments(experiment.spec), config_maps});
}

}  // namespace lockstep
