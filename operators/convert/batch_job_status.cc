#include "operators/api/conditions.h"
#include "operators/convert/kind_status.h"

namespace lockstep {
namespace {

void AddCondition(const char* type, const Condition& from, const char* reason,
                  const std::string& message, Json& json) {
  Json condition = {
      {"type", type}, {"status", from.status}, {"reason", reason}, {"message", message}};
  if (!from.last_transition_time.empty()) {
    condition["lastTransitionTime"] = condition["lastProbeTime"] = from.last_transition_time;
  }
  json["conditions"].push_back(std::move(condition));
}

}  // namespace

Json BatchJobStatus(const TrainingJob& job) {
  const TrainingJobStatus& status = job.status;
  Json json = Json::object();
  const auto count = [&](const char* name, std::int64_t value) {
    if (value > 0) json[name] = value;
  };
  const bool suspended = IsTrue(status.conditions, condition::kSuspended);
  if (!status.start_time.empty() && !suspended) json["startTime"] = status.start_time;
  count("active", status.active);
  count("ready", status.active);
  std::int64_t failed = FailedStarts(status);
  for (const Condition& condition : status.conditions) {
    const bool is_true = condition.status == "True";
    if (condition.type == condition::kSuspended && is_true) {
      AddCondition("Suspended", condition, "JobSuspended", "Job suspended", json);
    } else if (condition.type == condition::kSuspended &&
               condition.reason == reason::kTrainingJobResumed) {
      AddCondition("Suspended", condition, "JobResumed", "Job resumed", json);
    } else if (condition.type == condition::kSucceeded && is_true) {
      std::int64_t ranks = 0;
      for (const JobRole& role : job.spec.roles) ranks += role.replicas;
      count("succeeded", ranks);
      if (!status.completion_time.empty()) json["completionTime"] = status.completion_time;
      AddCondition("Complete", condition, "CompletionsReached", condition.message, json);
    } else if (condition.type == condition::kFailed && is_true) {
      ++failed;
      AddCondition("Failed", condition,
                   RanIntoDeadline(status) ? "DeadlineExceeded" : "BackoffLimitExceeded",
                   condition.message, json);
    }
  }
  count("failed", failed);
  return json;
}

}  // namespace lockstep
