#include <set>

#include "operators/admission/rules.h"
#include "operators/api/object.h"
#include "operators/convert/convert.h"

namespace lockstep {

void CheckTrainingJobSpec(const TrainingJobSpec& spec, const std::string& path,
                          FindingList& findings) {
  if (!spec.success_policy.empty()) {
    CheckChoice(spec.success_policy, "success policy",
                {"AllRanks", "Rank0", "FirstRole", "AnyRank"}, FieldPath(path, "successPolicy"),
                findings);
  }
  if (spec.max_restarts < 0) {
    findings.Error(FieldPath(path, "maxRestarts"), "must not be negative");
  }
  if (spec.active_deadline_seconds.value_or(1) < 1) {
    findings.Error(FieldPath(path, "activeDeadlineSeconds"), "must be at least 1");
  }
  if (spec.grace_period_seconds.value_or(0) < 0) {
    findings.Error(FieldPath(path, "gracePeriodSeconds"), "must not be negative");
  }
  if (spec.ttl_seconds_after_finished.value_or(0) < 0) {
    findings.Error(FieldPath(path, "ttlSecondsAfterFinished"), "must not be negative");
  }
  if (!spec.clean_pod_policy.empty()) {
    CheckChoice(spec.clean_pod_policy, "clean-pod policy", {"None", "Running", "All"},
                FieldPath(path, "cleanPodPolicy"), findings);
  }
  if (!spec.rank_environment.empty()) {
    CheckChoice(spec.rank_environment, "rank environment", {"All", "Lockstep"},
                FieldPath(path, "rankEnvironment"), findings);
  }
  if (spec.metrics_collector) {
    findings.Error(FieldPath(path, "metricsCollector"),
                   "is set by the operator: write metricsCollectorSpec in an Experiment");
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < spec.roles.size(); ++i) {
    const std::string role = ElementPath(FieldPath(path, "roles"), i);
    const std::string place = FieldPath(role, "name");
    const std::string& name = spec.roles[i].name;
    if (const std::string& restart = spec.roles[i].restart_policy; !restart.empty()) {
      CheckChoice(restart, "restart policy", {"OnFailure", "Always", "Never", "ExitCode"},
                  FieldPath(role, "restartPolicy"), findings);
    }
    if (spec.roles[i].host_only && i == 0) {
      findings.Error(FieldPath(role, "hostOnly"),
                     "the first role is the one whose programs run: write one in front of it");
    }
    if (name.empty()) findings.Error(place, "is missing: worker, chief or what it does");
    if (name.find('/') != std::string::npos) {
      findings.Error(place,
                     "\"" + name + "\" must not hold a /: its files are in a folder of its name");
    }
    if (!name.empty() && !names.insert(name).second) {
      findings.Error(place, "there is a role \"" + name + "\" already");
    }
  }
}

void CheckTrainingJob(const TrainingJob& job, FindingList& findings) {
  CheckTrainingJobSpec(job.spec, "spec", findings);
  const auto converted = ConvertToTrainingJob({"", EncodeObject(job), {}});
  if (!converted.ok()) {
    findings.Error("spec", converted.status().message());
    return;
  }
  for (const Finding& finding : converted->findings) findings.Add(finding);
}

}  // namespace lockstep
