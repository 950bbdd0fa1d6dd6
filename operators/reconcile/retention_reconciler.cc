#include "operators/reconcile/retention_reconciler.h"

#include <map>
#include <optional>
#include <utility>

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
  RetentionReconciler(Store& store, JobBackend& backend, Clock& clock, std::uint64_t bytes_max)
      : store_(store), backend_(backend), clock_(clock), bytes_max_(bytes_max) {}

  Result<Requeue> Reconcile(const ObjectKey&) override {
    // A look takes time in proportion to the jobs that there are, so that many of them are looked
    // at once for several ends: what all of it costs stays in proportion too.
    if (++ends_ * kJobsALook < looked_at_) return Requeue{};
    LOCKSTEP_ASSIGN_OR_RETURN(
        const std::vector<ObjectPtr> jobs,
        store_.List({.kind = TrainingJob::kKind, .namespace_ = "", .labels = {}}));
    ends_ = 0;
    looked_at_ = jobs.size();
    std::map<std::pair<std::string, std::string>, std::string> uids;
    std::vector<EndedJob> ended;
    for (const ObjectPtr& object : jobs) {
      const auto& job = std::get<TrainingJob>(*object);
      uids[{job.meta.namespace_, job.meta.name}] = job.meta.uid;
      LOCKSTEP_RETURN_IF_ERROR(AddIfEnded(job, ended));
    }
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<OrphanedJob> orphans,
                              backend_.ListOrphans([&](const JobId& id) {
                                const auto found = uids.find({id.namespace_, id.name});
                                return found != uids.end() && found->second.starts_with(id.uid);
                              }));
    looked_at_ += orphans.size();
    std::map<std::pair<ObjectKey, std::string>, JobId> orphan_ids;
    for (const OrphanedJob& orphan : orphans) {
      const ObjectKey key{TrainingJob::kKind, orphan.id.namespace_, orphan.id.name};
      orphan_ids[{key, orphan.id.uid}] = orphan.id;
      ended.push_back(
          {.key = key, .uid = orphan.id.uid, .ended = orphan.ended, .bytes = orphan.bytes});
    }
    for (const LogRemoval& removal : LogsToRemove(std::move(ended), clock_.Now(), bytes_max_)) {
      const auto orphan = orphan_ids.find({removal.key, removal.uid});
      LOCKSTEP_RETURN_IF_ERROR(orphan == orphan_ids.end() ? Tell(removal)
                                                          : ForgetOrphan(orphan->second));
    }
    return Requeue{};
  }

 private:
  Status AddIfEnded(const TrainingJob& job, std::vector<EndedJob>& ended) const {
    if (!HasEnded(job.status.conditions) || WantsLogsRemoved(job.meta)) return OkStatus();
    if (!job.meta.deletion_timestamp.empty() || !job.status.logs_removed_time.empty()) {
      return OkStatus();
    }
    LOCKSTEP_ASSIGN_OR_RETURN(const bool needed, IsRead(job.meta));
    const auto time = ParseRowTime(job.status.completion_time);
    if (needed || !time) return OkStatus();
    ended.push_back({.key = {TrainingJob::kKind, job.meta.namespace_, job.meta.name},
                     .uid = job.meta.uid,
                     .ended = WallTime(std::chrono::seconds(time->seconds)) +
                              std::chrono::microseconds(time->nanoseconds / 1000),
                     .bytes = static_cast<std::uint64_t>(job.status.log_bytes),
                     .ttl = WantsNoLogs(job) ? std::chrono::milliseconds(0)
                                             : JobTtlOf(job.meta).value_or(kJobTtl),
                     .retain = WantsRetain(job.meta)});
    return OkStatus();
  }

  Status Tell(const LogRemoval& removal) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<TrainingJob> job,
                              Find<TrainingJob>(store_, removal.key));
    if (!job || job->meta.uid != removal.uid) return OkStatus();
    job->meta.annotations[kRemoveLogsAnnotation] = WantsNoLogs(*job) ? kCleanAll : removal.why;
    const Status told = store_.Update(*std::move(job)).status();
    return told.kind() == StatusKind::kNotFound ? OkStatus() : told;
  }

  Status ForgetOrphan(JobId id) {
    // It may have been created since the jobs were listed.
    const ObjectKey key{TrainingJob::kKind, id.namespace_, id.name};
    LOCKSTEP_ASSIGN_OR_RETURN(const std::optional<TrainingJob> job, Find<TrainingJob>(store_, key));
    if (job && job->meta.uid.starts_with(id.uid)) return OkStatus();
    for (int last = id.generation; last >= 0; --last) {
      id.generation = last;
      LOCKSTEP_RETURN_IF_ERROR(backend_.Forget(id));
    }
    return OkStatus();
  }

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
  JobBackend& backend_;
  Clock& clock_;
  const std::uint64_t bytes_max_;
  // Only how soon it looks again depends on these. One worker at a time has the one key.
  std::size_t looked_at_ = 0;
  std::size_t ends_ = 0;  // since then
};

}  // namespace

std::unique_ptr<Reconciler> MakeRetentionReconciler(Store& store, JobBackend& backend, Clock& clock,
                                                    std::uint64_t bytes_max) {
  return std::make_unique<RetentionReconciler>(store, backend, clock, bytes_max);
}

}  // namespace lockstep
