#include "operators/convert/job_object.h"

#include "operators/api/conditions.h"
#include "operators/api/object.h"

namespace lockstep {
namespace {

Json JobCondition(const char* type, const char* reason, const Condition& ended) {
  Json condition = {
      {"type", type}, {"status", "True"}, {"reason", reason}, {"message", ended.message}};
  if (!ended.last_transition_time.empty()) {
    condition["lastTransitionTime"] = condition["lastProbeTime"] = ended.last_transition_time;
  }
  return condition;
}

Json JobStatus(const TrainingJob& job) {
  const TrainingJobStatus& status = job.status;
  Json json = Json::object();
  const auto count = [&](const char* name, std::int64_t value) {
    if (value > 0) json[name] = value;
  };
  if (!status.start_time.empty()) json["startTime"] = status.start_time;
  count("active", status.active);
  count("ready", status.active);
  std::int64_t failed = status.generation;
  if (IsTrue(status.conditions, condition::kSucceeded)) {
    const Condition* ended = FindCondition(status.conditions, condition::kSucceeded);
    std::int64_t ranks = 0;
    for (const JobRole& role : job.spec.roles) ranks += role.replicas;
    count("succeeded", ranks);
    json["conditions"].push_back(JobCondition("Complete", "CompletionsReached", *ended));
    if (!status.completion_time.empty()) json["completionTime"] = status.completion_time;
  } else if (IsTrue(status.conditions, condition::kFailed)) {
    const Condition* lost = FindCondition(status.conditions, condition::kFailed);
    ++failed;
    const bool late = status.first_failure && status.first_failure->cause == "deadline";
    json["conditions"].push_back(
        JobCondition("Failed", late ? "DeadlineExceeded" : "BackoffLimitExceeded", *lost));
  }
  count("failed", failed);
  return json;
}

}  // namespace

Json JobObject(const Json& manifest, const TrainingJob& job) {
  if (!manifest.is_object() || manifest.value("kind", Json()) != "Job") return EncodeObject(job);
  Json object = manifest;
  object["status"] = JobStatus(job);
  return object;
}

}  // namespace lockstep
