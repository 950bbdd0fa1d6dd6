// Conditions and words as kubeflow/trainer's v1 line (pkg/util/status.go and the controllers of the
// kinds) and kubeflow/mpi-operator (pkg/controller/mpi_job_controller_status.go) write them.
// What we know more of a failure follows their sentence.
#include <algorithm>
#include <cctype>

#include "operators/api/conditions.h"
#include "operators/convert/kind_status.h"

namespace lockstep {
namespace {

// The replica type that has this role's name in lower case.
std::string ReplicaType(const std::string& role) {
  if (role == "ps") return "PS";
  std::string type = role;
  if (!type.empty()) {
    type[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(type[0])));
  }
  return type;
}

class Shape {
 public:
  Shape(std::string_view kind, bool is_v2beta1, const TrainingJob& job)
      : kind_(kind), is_v2beta1_(is_v2beta1), job_(job) {}

  Json Conditions() const {
    std::vector<Json> shown;
    for (const Condition& condition : job_.status.conditions) {
      Json json = Shown(condition);
      if (json.is_null()) continue;
      json["type"] = condition.type;
      json["status"] = condition.status;
      json["lastUpdateTime"] = condition.last_update_time;
      json["lastTransitionTime"] = condition.last_transition_time;
      shown.push_back(std::move(json));
    }
    // mpi-operator says that it is suspended before it says that it does not run.
    if (is_v2beta1_ && shown.size() >= 2 && shown.back().at("type") == condition::kSuspended &&
        shown.back().at("status") == "True" &&
        shown[shown.size() - 2].at("type") == condition::kRunning) {
      std::swap(shown.back(), shown[shown.size() - 2]);
    }
    return shown;
  }

  Json ReplicaStatuses() const {
    Json statuses = Json::object();
    if (job_.status.roles.empty()) return statuses;
    const bool succeeded = IsTrue(job_.status.conditions, condition::kSucceeded);
    for (const JobRole& role : job_.spec.roles) {
      RoleStatus status;
      if (const RoleStatus* found = FindRole(job_.status, role.name)) status = *found;
      // The v1 line looks at backoffLimit before it counts who failed.
      if (!is_v2beta1_ && OverBackoffLimit()) status.failed = 0;
      // They count what still ran when the job succeeded as succeeded; it was stopped.
      if (succeeded && !role.host_only) status.succeeded = role.replicas - status.failed;
      if (is_v2beta1_ && role.name == "launcher") {  // that of a batch Job
        status.failed = IsTrue(job_.status.conditions, condition::kFailed) ? 1 : 0;
        if (role.pod_template.spec.restart_policy == "Never") {  // a pod for each start
          status.failed += static_cast<std::int32_t>(FailedStarts(job_.status));
        }
        if (succeeded) status.succeeded = 1;
      }
      Json json = Json::object();
      if (status.active > 0) json["active"] = status.active;
      if (status.succeeded > 0) json["succeeded"] = status.succeeded;
      if (status.failed > 0) json["failed"] = status.failed;
      statuses[ReplicaType(role.name)] = std::move(json);
    }
    return statuses;
  }

 private:
  static Json Words(std::string reason, std::string message) {
    return {{"reason", std::move(reason)}, {"message", std::move(message)}};
  }
  std::string Reason(const char* what) const { return std::string(kind_) + what; }
  std::string Short() const { return std::string(kind_) + " " + job_.meta.name; }
  std::string Long() const {
    return std::string(kind_) + " " + job_.meta.namespace_ + "/" + job_.meta.name;
  }
  bool HasMaster() const {
    return std::ranges::any_of(job_.spec.roles,
                               [](const JobRole& r) { return r.name == "master"; });
  }
  // Which of the two ways the kind's operator speaks of the job while it runs and succeeds.
  bool SaysNamespace() const {
    if (is_v2beta1_ || kind_ == "TFJob" || kind_ == "JAXJob") return true;
    return (kind_ == "PyTorchJob" || kind_ == "PaddleJob") && !HasMaster();
  }

  // reason and message; null: the operator has no such condition.
  Json Shown(const Condition& condition) const {
    const bool is_true = condition.status == "True";
    if (condition.type == condition::kCreated) {
      return Words(Reason("Created"), (is_v2beta1_ ? Long() : Short()) + " is created.");
    }
    if (condition.type == condition::kRunning) return Running(condition);
    if (condition.type == condition::kSuspended) {
      if (is_true) return Suspended();
      if (condition.reason == reason::kTrainingJobSuspending) return {};
      return Words(Reason("Resumed"), is_v2beta1_ ? "MPIJob resumed" : Short() + " is resumed.");
    }
    if (!is_true) return {};
    if (condition.type == condition::kRestarting) return Restarting(condition);
    if (condition.type == condition::kSucceeded) {
      return Words(Reason("Succeeded"), SaysNamespace() ? Long() + " successfully completed."
                                                        : Short() + " is successfully completed.");
    }
    if (condition.type == condition::kFailed) return Failed(condition);
    return {};
  }

  Json Suspended() const {
    return Words(Reason("Suspended"),
                 is_v2beta1_ ? "MPIJob suspended" : Short() + " is suspended.");
  }

  Json Running(const Condition& condition) const {
    if (condition.status != "True") {
      if (condition.reason == reason::kTrainingJobSuspended) return Suspended();
      // It waits, for its next start or for a ConfigMap: of that they have no word.
      if (!HasEnded(job_.status.conditions)) return {};
      if (condition.reason == reason::kCreateContainerConfigError ||
          condition.reason == reason::kTrainingJobRestarting)
        return {};
    }
    return Words(Reason("Running"), (SaysNamespace() ? Long() : Short()) + " is running.");
  }

  // "1 Worker replica(s) failed"; empty: no rank is to blame.
  std::string WhoFailed(bool counted) const {
    const auto& failure = job_.status.first_failure;
    if (!failure || failure->role.empty()) return "";
    const std::string type = ReplicaType(failure->role);
    return counted ? "1 " + type + " replica(s) failed." : type + " replica(s) failed.";
  }
  // The v1 line's shared code looks at exit codes, the kinds' own at everything else.
  bool ByExitCode() const {
    const auto& failure = job_.status.first_failure;
    if (!failure || kind_ == "MPIJob") return false;
    return std::ranges::any_of(job_.spec.roles, [&](const JobRole& role) {
      return role.name == failure->role && role.restart_policy == "ExitCode";
    });
  }

  bool OverBackoffLimit() const {
    const Condition* const failed = FindCondition(job_.status.conditions, condition::kFailed);
    if (failed == nullptr || RanIntoDeadline(job_.status)) return false;
    return failed->reason == reason::kTrainingJobBackoffLimitExceeded ||
           job_.spec.max_restarts == 0;
  }

  Json Restarting(const Condition& condition) const {
    std::string sentence;
    if (WhoFailed(true).empty()) {
      sentence = Short() + " is restarting.";
    } else if (ByExitCode()) {
      sentence = "job " + job_.meta.name + " is restarting because " + WhoFailed(false);
    } else {
      sentence = Short() + " is restarting because " + WhoFailed(true);
    }
    return Words(Reason("Restarting"), sentence + " " + condition.message);
  }

  Json Failed(const Condition& condition) const {
    const bool late = RanIntoDeadline(job_.status);
    const bool stopped = condition.reason == reason::kTrainingJobStopped;
    if (is_v2beta1_ && late) {
      return Words("DeadlineExceeded",
                   "Job was active longer than specified deadline: " + condition.message);
    }
    if (is_v2beta1_ && !stopped) {
      return Words("BackoffLimitExceeded/",
                   "Job has reached the specified backoff limit: " + condition.message);
    }
    const std::string reason =
        kind_ == "MPIJob" && !is_v2beta1_ && !late ? "MPIJobMPIJobFailed" : Reason("Failed");
    const std::string job = "Job " + job_.meta.name + " has failed because it ";
    std::string sentence;
    if (late) {
      sentence = job + "was active longer than specified deadline";
    } else if (stopped || WhoFailed(true).empty()) {
      return Words(reason, condition.message);
    } else if (OverBackoffLimit()) {
      sentence = job + "has reached the specified backoff limit";
    } else if (ByExitCode()) {
      sentence = "job \"" + job_.meta.name + "\" is failing because \"" +
                 ReplicaType(job_.status.first_failure->role) + "\" replica(s) failed.";
    } else if (kind_ == "TFJob") {
      sentence = Long() + " has failed because " + WhoFailed(true);
    } else {
      sentence = Short() + " is failed because " + WhoFailed(true);
    }
    return Words(reason, sentence + (sentence.back() == '.' ? " " : ": ") + condition.message);
  }

  const std::string_view kind_;
  const bool is_v2beta1_;
  const TrainingJob& job_;
};

}  // namespace

Json KubeflowJobStatus(std::string_view kind, bool is_v2beta1, const TrainingJob& job) {
  const TrainingJobStatus& status = job.status;
  Json json = Json::object();
  if (status.conditions.empty()) return json;
  const Shape shape(kind, is_v2beta1, job);
  json["conditions"] = shape.Conditions();
  json["replicaStatuses"] = shape.ReplicaStatuses();
  if (!status.start_time.empty()) json["startTime"] = status.start_time;
  if (!status.completion_time.empty()) json["completionTime"] = status.completion_time;
  return json;
}

}  // namespace lockstep
