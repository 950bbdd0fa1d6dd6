#include "operators/convert/run_policy.h"

#include <algorithm>

namespace lockstep {
namespace {

constexpr std::string_view kQueueManager = "kueue.x-k8s.io/multikueue";
constexpr std::string_view kCleanPodPolicies[] = {"", "None", "Running", "All"};

struct RunPolicy {
  std::string clean_pod_policy;
  std::optional<std::int64_t> ttl_seconds_after_finished;
  std::optional<std::int64_t> active_deadline_seconds;
  std::optional<std::int32_t> backoff_limit;
  bool suspend = false;
  std::string managed_by;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("cleanPodPolicy", self.clean_pod_policy, "None, Running or All.");
    v.Field("ttlSecondsAfterFinished", self.ttl_seconds_after_finished,
            "The job is deleted this long after its end.");
    v.Field("activeDeadlineSeconds", self.active_deadline_seconds,
            "The job fails when it runs longer.");
    v.Field("backoffLimit", self.backoff_limit, "How often it is started again.");
    v.Field("suspend", self.suspend, "Whether the job is to rest.");
    v.Field("managedBy", self.managed_by, "Who runs the job.");
    v.Ignored("the ranks of a job start together here, in any case", {"schedulingPolicy"});
  }
};

void CheckLeast(const std::optional<std::int64_t>& value, std::int64_t least, const char* name,
                const std::string& path, FindingList& rules) {
  if (!value || *value >= least) return;
  rules.Error(FieldPath(path, name),
              "is " + std::to_string(*value) + ": must be at least " + std::to_string(least));
}

}  // namespace

void DecodeRunPolicy(const Json& spec, const DecodePlace& place, std::string_view manager,
                     FindingList& findings, FindingList& rules, TrainingJobSpec& job) {
  RunPolicy policy;
  const DecodePlace policy_place{&place, "runPolicy"};
  if (const auto written = spec.find("runPolicy"); written != spec.end() && !written->is_null()) {
    DecodeStruct(*written, policy_place, findings, policy);
  }
  const std::string path = policy_place.Path();
  if (std::ranges::find(kCleanPodPolicies, policy.clean_pod_policy) ==
      std::end(kCleanPodPolicies)) {
    rules.Error(FieldPath(path, "cleanPodPolicy"), "\"" + policy.clean_pod_policy +
                                                       "\" is no clean pod policy: use None, "
                                                       "Running or All");
  }
  CheckLeast(policy.ttl_seconds_after_finished, 0, "ttlSecondsAfterFinished", path, rules);
  CheckLeast(policy.active_deadline_seconds, 1, "activeDeadlineSeconds", path, rules);
  CheckLeast(policy.backoff_limit, 0, "backoffLimit", path, rules);
  if (!policy.managed_by.empty() && policy.managed_by != manager &&
      policy.managed_by != kQueueManager) {
    rules.Error(FieldPath(path, "managedBy"), "\"" + policy.managed_by +
                                                  "\" is nobody who runs such jobs: use " +
                                                  std::string(manager) + " or " +
                                                  std::string(kQueueManager) + ", or leave it out");
  }
  job.clean_pod_policy = policy.clean_pod_policy;
  job.ttl_seconds_after_finished = policy.ttl_seconds_after_finished;
  job.active_deadline_seconds = policy.active_deadline_seconds;
  job.max_restarts = policy.backoff_limit.value_or(kBackoffLimit);
  job.suspend = policy.suspend;
  job.managed_by = policy.managed_by;
}

}  // namespace lockstep
