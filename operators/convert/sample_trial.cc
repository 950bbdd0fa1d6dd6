#include "operators/convert/sample_trial.h"

#include "operators/convert/trial_template.h"

namespace lockstep {

std::string SampleTrialName(const Experiment& experiment) {
  return experiment.meta.name + "-sample";
}

std::vector<ParameterAssignment> SampleAssignments(const ExperimentSpec& spec) {
  std::vector<ParameterAssignment> assignments;
  for (const ParameterSpec& parameter : spec.parameters) {
    const FeasibleSpace space = parameter.feasible_space.value_or(FeasibleSpace{});
    assignments.push_back({parameter.name, space.list.empty() ? space.min : space.list.front()});
  }
  return assignments;
}

Result<Json> RenderSample(const Experiment& experiment) {
  if (!experiment.spec.trial_template) {
    return InvalidArgument("spec.trialTemplate: is missing, so there is no job to run");
  }
  return RenderTrial({*experiment.spec.trial_template, SampleTrialName(experiment),
                      experiment.meta.namespace_, SampleAssignments(experiment.spec)});
}

}  // namespace lockstep
