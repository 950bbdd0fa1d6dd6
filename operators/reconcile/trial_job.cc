#include "operators/reconcile/trial_job.h"

#include "operators/api/conditions.h"
#include "operators/api/defaults.h"
#include "operators/api/intent.h"
#include "operators/api/managed_by.h"
#include "operators/codec/text_field.h"
#include "operators/convert/convert.h"
#include "operators/convert/job_condition.h"
#include "operators/convert/job_object.h"
#include "operators/convert/primary_rank.h"
#include "operators/observe/collector_plan.h"
#include "operators/reconcile/new_trial.h"
#include "operators/reconcile/ownership.h"

namespace lockstep {
namespace {

constexpr std::size_t kStatusBytesMax = 1000;  // of a job's status, in a message

std::string ShortStatus(const Json& job) {
  std::string text =
      job.value("status", Json()).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kStatusBytesMax) return text;
  std::size_t end = kStatusBytesMax;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole characters
  return text.substr(0, end) + "...";
}

// One sentence and the last lines printed.
std::string FailureText(const TrainingJob& job) {
  const Condition* failed = FindCondition(job.status.conditions, condition::kFailed);
  std::string text = failed != nullptr ? failed->message : "";
  if (!job.status.first_failure || job.status.first_failure->last_lines.empty()) return text;
  text += "; last lines:";
  for (const std::string& line : job.status.first_failure->last_lines) text += "\n  " + line;
  return text;
}

}  // namespace

Result<TrainingJob> TrialJob(const Trial& trial, const RuntimeLookup& runtimes) {
  Document document;
  document.file = "spec.runSpec";
  document.value = trial.spec.run_spec;
  if (document.value.is_object()) {
    // Host names are made of them.
    Json& metadata = document.value["metadata"];
    if (!metadata.is_object()) metadata = Json::object();
    metadata["name"] = trial.meta.name;
    metadata["namespace"] = trial.meta.namespace_;
  }
  LOCKSTEP_ASSIGN_OR_RETURN(Converted converted, ConvertToTrainingJob(document, runtimes));
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
  if (const auto found = trial.meta.annotations.find(kDeadlineAnnotation);
      found != trial.meta.annotations.end()) {
    job.meta.annotations[kDeadlineAnnotation] = found->second;
  }
  if (trial.spec.retain_run) job.meta.annotations[kRetainAnnotation] = "true";
  if (IsManagedElsewhere(job.spec.managed_by)) {
    return InvalidArgument("spec.runSpec: managedBy is \"" + job.spec.managed_by +
                           "\": the job of a trial is run here; leave it out");
  }
  const Result<int> rank = PrimaryRank(job, trial.spec.primary_pod_labels);
  if (!rank.ok()) return InvalidArgument("spec.primaryPodLabels: " + rank.status().message());
  const Status contained = CheckPrimaryContainer(job, *rank, trial.spec.primary_container_name);
  if (!contained.ok()) return InvalidArgument("spec.primaryContainerName: " + contained.message());
  if (*rank != 0 && !job.spec.metrics_collector) job.spec.metrics_collector.emplace();
  if (job.spec.metrics_collector) job.spec.metrics_collector->rank = *rank;
  if (trial.spec.metrics_collector && trial.spec.objective) {
    LOCKSTEP_RETURN_IF_ERROR(
        PrepareJob(*trial.spec.metrics_collector, *trial.spec.objective, job.spec));
  }
  return std::move(job);
}

TrialVerdict JudgeTrial(const Trial& trial, const TrainingJob& job) {
  const std::string kind = TextField(trial.spec.run_spec, "kind");
  const std::string api_version = TextField(trial.spec.run_spec, "apiVersion");
  const std::string success = trial.spec.success_condition.empty()
                                  ? DefaultSuccessCondition(api_version, kind)
                                  : trial.spec.success_condition;
  const std::string failure = trial.spec.failure_condition.empty()
                                  ? DefaultFailureCondition(api_version, kind)
                                  : trial.spec.failure_condition;
  const Json object = JobObject(trial.spec.run_spec, job);
  const JobVerdict verdict = JudgeJob(object, success, failure);
  const bool job_failed = IsTrue(job.status.conditions, condition::kFailed);
  if (verdict.state == JobVerdict::State::kSucceeded) return {.succeeded = true, .message = ""};
  std::string message = "Trial has failed: ";
  if (verdict.state == JobVerdict::State::kRunning) {
    message += "the job has ended, but neither its successCondition " + success +
               " nor its failureCondition " + failure +
               " holds: write one that finds an object in its status, " + ShortStatus(object);
    if (!verdict.message.empty()) message += "; " + verdict.message;
    if (job_failed) message += "; ";
  } else if (!job_failed) {
    message += "the job succeeded, but its failureCondition " + failure + " holds";
    if (!verdict.message.empty()) message += ": " + verdict.message;
  }
  if (job_failed) message += FailureText(job);
  return {.succeeded = false, .message = message};
}

}  // namespace lockstep
