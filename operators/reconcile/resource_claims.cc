#include "operators/reconcile/resource_claims.h"

#include "operators/api/conditions.h"
#include "operators/api/managed_by.h"

namespace lockstep {
namespace {

bool IsQueued(const TrainingJobStatus& status) {
  const Condition* running = FindCondition(status.conditions, condition::kRunning);
  return running != nullptr && running->status == "False" && running->reason == reason::kQueued;
}

// Whether it is one of those that share the machine.
bool Counts(const TrainingJob& job) {
  return !HasEnded(job.status.conditions) &&
         !IsTrue(job.status.conditions, condition::kSuspended) &&
         !IsManagedElsewhere(job.spec.managed_by);
}

// One that is being deleted has what it holds until its processes have ended, and waits for
// nothing.
bool IsLeaving(const TrainingJob& job) { return !job.meta.deletion_timestamp.empty(); }

}  // namespace

Result<ResourceDecision> ResourceClaims::Claim(TrainingJob& job) {
  // One that runs without a claim was started by an operator that knew of none.
  if (!machine_ || job.status.holds_resources ||
      IsTrue(job.status.conditions, condition::kRunning)) {
    return ResourceDecision{};
  }
  const ResourceAmounts asks = RequestsOfJob(job.spec);
  if (asks.is_zero()) return ResourceDecision{};
  const std::lock_guard lock(mutex_);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<ObjectPtr> objects,
                            store_.List({TrainingJob::kKind, "", {}}));
  std::vector<PoolJob> jobs;
  std::optional<std::size_t> index;
  for (const ObjectPtr& object : objects) {
    const auto& other = std::get<TrainingJob>(*object);
    const bool is_this = other.meta.uid == job.meta.uid;
    if (!is_this && (!Counts(other) || (IsLeaving(other) && !other.status.holds_resources))) {
      continue;
    }
    if (is_this) index = jobs.size();
    jobs.push_back({other.meta.namespace_ + "/" + other.meta.name,
                    is_this ? asks : RequestsOfJob(other.spec),
                    !is_this && other.status.holds_resources, other.status.devices});
  }
  if (!index) return NotFound("no " + KeyOf(job).ToString());  // it was deleted meanwhile
  ResourceDecision decision = DecideResources(*machine_, jobs, *index);
  if (decision.kind != ResourceDecision::Kind::kGo) return decision;
  job.status.holds_resources = true;
  job.status.devices = decision.devices;
  LOCKSTEP_ASSIGN_OR_RETURN(const ObjectPtr written, store_.UpdateStatus(job));
  job = std::get<TrainingJob>(*written);
  return decision;
}

std::vector<ObjectKey> ResourceClaims::Waiting(const Store& store, const Change& change) {
  // Who is there when the operator starts is looked at anyway.
  if (change.kind == Change::Kind::kAdded) return {};
  const auto& status = std::get<TrainingJob>(*change.object).status;
  const bool frees = change.kind == Change::Kind::kDeleted || HasEnded(status.conditions) ||
                     IsTrue(status.conditions, condition::kSuspended);
  if (!frees) return {};
  const Result<std::vector<ObjectPtr>> objects = store.List({TrainingJob::kKind, "", {}});
  std::vector<ObjectKey> keys;
  if (!objects.ok()) return keys;  // they look by themselves after a while
  for (const ObjectPtr& object : *objects) {
    const auto& job = std::get<TrainingJob>(*object);
    if (IsQueued(job.status) && !HasEnded(job.status.conditions)) keys.push_back(KeyOf(*object));
  }
  return keys;
}

void ShowQueued(TrainingJobStatus& status, const ResourceDecision& decision, WallTime now) {
  const Condition* running = FindCondition(status.conditions, condition::kRunning);
  if (decision.is_next && IsQueued(status) && running->message != decision.message) {
    RemoveCondition(status.conditions, condition::kRunning);
  }
  SetFalse(status.conditions, condition::kRunning, reason::kQueued, decision.message, now);
}

void ReleaseResources(TrainingJobStatus& status) {
  status.holds_resources = false;
  status.devices.clear();
}

}  // namespace lockstep
