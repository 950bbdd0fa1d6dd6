// As kubeflow/trainer v2 (pkg/controller/trainjob_controller.go) and JobSet, whose reasons it
// copies, write them.
#include "operators/api/conditions.h"
#include "operators/convert/kind_status.h"

namespace lockstep {
namespace {

Json Words(const char* type, const char* reason, const std::string& message,
           const Condition& from) {
  Json json = {{"type", type}, {"status", from.status}, {"reason", reason}, {"message", message}};
  if (!from.last_transition_time.empty()) json["lastTransitionTime"] = from.last_transition_time;
  return json;
}

Json Failed(const Condition& condition, const TrainingJob& job) {
  if (RanIntoDeadline(job.status)) {
    return Words("Failed", "DeadlineExceeded",
                 "TrainJob exceeded its active deadline: " + condition.message, condition);
  }
  const auto& failure = job.status.first_failure;
  std::string first;
  if (failure && !failure->role.empty()) {
    first = " (first failed job: " + job.meta.name + "-" + failure->role + "-0)";
  }
  if (condition.reason == reason::kTrainingJobBackoffLimitExceeded) {
    return Words(
        "Failed", "ReachedMaxRestarts",
        "jobset failed due to reaching max number of restarts" + first + ": " + condition.message,
        condition);
  }
  return Words("Failed", "FailedJobs",
               "jobset failed due to one or more job failures" + first + ": " + condition.message,
               condition);
}

// A role is one Job of the JobSet, with its ranks as pods.
Json JobStatusOf(const JobRole& role, const TrainingJob& job) {
  const TrainingJobStatus& status = job.status;
  RoleStatus ranks;
  if (const RoleStatus* found = FindRole(status, role.name)) ranks = *found;
  const bool succeeded = IsTrue(status.conditions, condition::kSucceeded);
  const bool ended = HasEnded(status.conditions);
  const bool suspended = IsTrue(status.conditions, condition::kSuspended);
  const bool done = ranks.succeeded >= role.replicas || (succeeded && !role.host_only);
  const bool active = !ended && !suspended && !done;
  const bool ready = active && ranks.active > 0 && ranks.active + ranks.succeeded >= role.replicas;
  return {{"name", role.name},
          {"active", active ? 1 : 0},
          {"ready", ready ? 1 : 0},
          {"succeeded", done ? 1 : 0},
          {"failed", ranks.failed > 0 && ended ? 1 : 0},
          {"suspended", suspended ? 1 : 0}};
}

}  // namespace

Json TrainJobStatus(const TrainingJob& job) {
  Json json = Json::object();
  if (job.status.conditions.empty()) return json;
  for (const Condition& condition : job.status.conditions) {
    const bool is_true = condition.status == "True";
    if (condition.type == condition::kSuspended && is_true) {
      json["conditions"].push_back(
          Words("Suspended", "Suspended", "TrainJob is suspended", condition));
    } else if (condition.type == condition::kSuspended &&
               condition.reason != reason::kTrainingJobSuspending) {
      json["conditions"].push_back(Words("Suspended", "Resumed", "TrainJob is resumed", condition));
    } else if (condition.type == condition::kSucceeded && is_true) {
      json["conditions"].push_back(
          Words("Complete", "AllJobsCompleted", "jobset completed successfully", condition));
    } else if (condition.type == condition::kFailed && is_true) {
      json["conditions"].push_back(Failed(condition, job));
    }
  }
  for (const JobRole& role : job.spec.roles) json["jobsStatus"].push_back(JobStatusOf(role, job));
  return json;
}

}  // namespace lockstep
