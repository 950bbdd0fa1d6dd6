#include "operators/reconcile/new_trial.h"

#include "operators/api/intent.h"
#include "operators/convert/trial_template.h"
#include "operators/reconcile/ownership.h"

namespace lockstep {

void InheritSurroundings(const ObjectMeta& owner, ObjectMeta& child) {
  for (const char* name : {kWorkingDirAnnotation, kPathAnnotation, kJobTtlAnnotation}) {
    const auto annotation = owner.annotations.find(name);
    if (annotation != owner.annotations.end()) child.annotations.insert(*annotation);
  }
}

Result<Trial> NewTrial(const Experiment& experiment, const TrialAssignment& assignment,
                       const ConfigMapLookup& config_maps) {
  if (!experiment.spec.trial_template)
    return InvalidArgument("spec.trialTemplate: is missing, so there is no job to run");
  const TrialTemplate& trial_template = *experiment.spec.trial_template;
  Trial trial;
  trial.meta.name = assignment.name;
  trial.meta.namespace_ = experiment.meta.namespace_;
  trial.meta.labels = experiment.meta.labels;
  trial.meta.labels[kExperimentLabel] = experiment.meta.name;
  for (const auto& [name, value] : assignment.labels) trial.meta.labels[name] = value;
  trial.meta.owner_references = {ControllerReference(experiment)};
  InheritSurroundings(experiment.meta, trial.meta);
  if (WantsKatib(experiment.meta)) trial.meta.annotations[kCompatAnnotation] = "katib";
  LOCKSTEP_ASSIGN_OR_RETURN(trial.spec.run_spec,
                            RenderTrial({.trial_template = trial_template,
                                         .trial_name = trial.meta.name,
                                         .trial_namespace = trial.meta.namespace_,
                                         .assignments = assignment.parameter_assignments,
                                         .config_maps = config_maps}));
  trial.spec.objective = experiment.spec.objective;
  trial.spec.parameter_assignments = assignment.parameter_assignments;
  trial.spec.retain_run = trial_template.retain;
  trial.spec.metrics_collector = experiment.spec.metrics_collector_spec;
  trial.spec.primary_pod_labels = trial_template.primary_pod_labels;
  trial.spec.primary_container_name = trial_template.primary_container_name;
  trial.spec.success_condition = trial_template.success_condition;
  trial.spec.failure_condition = trial_template.failure_condition;
  trial.spec.early_stopping_rules = assignment.early_stopping_rules;
  trial.spec.labels = assignment.labels;
  return trial;
}

}  // namespace lockstep
