#include "operators/reconcile/trial_job.h"

#include "operators/api/defaults.h"
#include "operators/convert/convert.h"
#include "operators/reconcile/conditions.h"
#include "operators/reconcile/new_trial.h"
#include "operators/reconcile/ownership.h"

namespace lockstep {

Result<TrainingJob> TrialJob(const Trial& trial) {
  Document document;
  document.file = "spec.runSpec";
  document.value = trial.spec.run_spec;
  LOCKSTEP_ASSIGN_OR_RETURN(Converted converted, ConvertToTrainingJob(document));
  std::string errors;
  for (const Finding& finding : converted.findings) {
    if (finding.severity != Finding::Severity::kError) continue;
    errors +=
        (errors.empty() ? "" : "; ") + ("spec.runSpec." + finding.path) + ": " + finding.message;
  }
  if (!errors.empty()) return InvalidArgument(errors);
  Object object = std::move(converted.job);
  SetDefaults(object);
  TrainingJob& job = std::get<TrainingJob>(object);
  job.meta.name = trial.meta.name;
  job.meta.namespace_ = trial.meta.namespace_;
  job.meta.owner_references = {ControllerReference(trial)};
  job.meta.labels[kTrialLabel] = trial.meta.name;
  const auto experiment = trial.meta.labels.find(kExperimentLabel);
  if (experiment != trial.meta.labels.end()) job.meta.labels.insert(*experiment);
  InheritSurroundings(trial.meta, job.meta);
  return std::move(job);
}

std::string FailureText(const TrainingJob& job) {
  const Condition* failed = FindCondition(job.status.conditions, condition::kFailed);
  std::string text = failed != nullptr ? failed->message : "";
  if (!job.status.first_failure || job.status.first_failure->last_lines.empty()) return text;
  text += "; last lines:";
  for (const std::string& line : job.status.first_failure->last_lines) text += "\n  " + line;
  return text;
}

}  // namespace lockstep
