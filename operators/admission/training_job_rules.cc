#include "operators/admission/rules.h"
#include "operators/api/object.h"
#include "operators/convert/convert.h"

namespace lockstep {

void CheckTrainingJob(const TrainingJob& job, FindingList& findings) {
  CheckChoice(job.spec.success_policy, "success policy", {"AllRanks", "Rank0"},
              "spec.successPolicy", findings);
  if (job.spec.max_restarts < 0) findings.Error("spec.maxRestarts", "must not be negative");
  if (job.spec.active_deadline_seconds.value_or(1) < 1) {
    findings.Error("spec.activeDeadlineSeconds", "must be at least 1");
  }
  if (job.spec.grace_period_seconds.value_or(0) < 0) {
    findings.Error("spec.gracePeriodSeconds", "must not be negative");
  }
  const auto converted = ConvertToTrainingJob({"", EncodeObject(job), {}});
  if (!converted.ok()) {
    findings.Error("spec", converted.status().message());
    return;
  }
  for (const Finding& finding : converted->findings) findings.Error(finding.path, finding.message);
}

}  // namespace lockstep
