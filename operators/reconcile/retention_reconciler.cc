#include "operators/reconcile/retention_reconciler.h"

#include <optional>

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/observe/row_time.h"
#include "operators/reconcile/job_retirement.h"
#include "operators/reconcile/ownership.h"
#include "operators/reconcile/retention.h"

namespace lockstep {
namespace {

constexpr std::size_t kJobsALook = 64;

class RetentionReconciler final : public Reconciler {
 public:
  RetentionReconciler(Store& store, Clock& clock, std::uint64_t bytes_max)
      : store_(store), clock_(clock), bytes_max_(bytes_max) {}

  Result<Requeue> Reconcile(const ObjectKey&) override {
    // A look takes time in proportion to the jobs that there are, so that many of them are looked
    // at once for several ends: what all of it costs stays in proportion too.
    if (++ends_ * kJobsALook < looked_at_) return Requeue{};
    LOCKSTEP_ASSIGN_OR_RETURN(
        const std::vector<ObjectPtr> jobs,
        store_.List({.kind = TrainingJob::kKind, .namespace_ = "", .labels = {}}));
    ends_ = 0;
    looked_at_ = jobs.size();
    std::vector<EndedJob> ended;
    for (const ObjectPtr& object : jobs) {
      const auto& job = std::get<TrainingJob>(*object);
      if (!HasEnded(job.status.conditions) || WantsLogsRemoved(job.meta)) continue;
      if (!job.meta.deletion_timestamp.empty() || !job.status.logs_removed_time.empty()) continue;
      LOCKSTEP_ASSIGN_OR_RETURN(const bool needed, IsRead(job.meta));
      const auto time = ParseRowTime(job.status.completion_time);
      if (needed || !time) continue;
      ended.push_back({.key = KeyOf(*object),
                       .ended = WallTime(std::chrono::seconds(time->seconds)) +
                                std::chrono::microseconds(time->nanoseconds / 1000),
                       .bytes = static_cast<std::uint64_t>(job.status.log_bytes),
                       .ttl = WantsNoLogs(job) ? std::chrono::milliseconds(0)
                                               : JobTtlOf(job.meta).value_or(kJobTtl),
                       .retain = WantsRetain(job.meta)});
    }
    for (const LogRemoval& removal : LogsToRemove(std::move(ended), clock_.Now(), bytes_max_)) {
      LOCKSTEP_ASSIGN_OR_RETURN(std::optional<TrainingJob> job,
                                Find<TrainingJob>(store_, removal.key));
      if (!job) continue;
      job->meta.annotations[kRemoveLogsAnnotation] = WantsNoLogs(*job) ? kCleanAll : removal.why;
      const Result<ObjectPtr> told = store_.Update(*std::move(job));
      if (!told.ok() && told.status().kind() != StatusKind::kNotFound) return told.status();
    }
    return Requeue{};
  }

 private:
  // Its Trial has not ended, and may still read what rank 0 has printed.
  Result<bool> IsRead(const ObjectMeta& job) const {
    for (const OwnerReference& owner : job.owner_references) {
      if (owner.kind != Trial::kKind) continue;
      const Result<ObjectPtr> found = store_.Get({owner.kind, job.namespace_, owner.name});
      if (found.status().kind() == StatusKind::kNotFound) return false;
      if (!found.ok()) return found.status();
      const Trial& trial = std::get<Trial>(**found);
      return trial.meta.uid == owner.uid && !HasEnded(trial.status.conditions);
    }
    return false;
  }

  Store& store_;
  Clock& clock_;
  const std::uint64_t bytes_max_;
  // Only how soon it looks again depends on these. One worker at a time has the one key.
  std::size_t looked_at_ = 0;
  std::size_t ends_ = 0;  // since then
};

}  // namespace

std::unique_ptr<Reconciler> MakeRetentionReconciler(Store& store, Clock& clock,
                                                    std::uint64_t bytes_max) {
  return std::make_unique<RetentionReconciler>(store, clock, bytes_max);
}

}  // namespace lockstep
