#include "operators/reconcile/resource_claims.h"

#include <algorithm>
#include <charconv>

#include "operators/api/conditions.h"
#include "operators/api/managed_by.h"
#include "operators/reconcile/job_status.h"

namespace lockstep {
namespace {

// Whether it is one of those that share the machine.
bool Counts(const TrainingJob& job) {
  return !HasEnded(job.status.conditions) &&
         !IsTrue(job.status.conditions, condition::kSuspended) &&
         !IsManagedElsewhere(job.spec.managed_by);
}

// One that is being deleted has what it holds until its processes have ended, and waits for
// nothing.
bool IsLeaving(const TrainingJob& job) {
  return !job.meta.deletion_timestamp.empty() && !job.status.holds_resources;
}

std::uint64_t VersionOf(const TrainingJob& job) {
  const std::string& text = job.meta.resource_version;
  std::uint64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

}  // namespace

ResourceClaims::Place ResourceClaims::PlaceOf(const TrainingJob& job) {
  return {job.meta.creation_timestamp, job.meta.name, job.meta.namespace_, job.meta.uid};
}

// The changes before the first claim may not have been told yet.
Status ResourceClaims::LookAroundLocked() {
  if (has_looked_around_) return OkStatus();
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<ObjectPtr> objects,
                            store_.List({TrainingJob::kKind, "", {}}));
  for (const ObjectPtr& object : objects) LearnLocked(std::get<TrainingJob>(*object));
  has_looked_around_ = true;
  return OkStatus();
}

std::optional<std::size_t> ResourceClaims::FindLocked(const Place& place) const {
  const auto found = std::ranges::lower_bound(known_, place, {}, &Known::place);
  if (found == known_.end() || found->place != place) return std::nullopt;
  return static_cast<std::size_t>(found - known_.begin());
}

bool ResourceClaims::LearnLocked(const TrainingJob& job) {
  const Place place = PlaceOf(job);
  const std::optional<std::size_t> index = FindLocked(place);
  const std::uint64_t version = VersionOf(job);
  if (index && (known_[*index].is_claiming || known_[*index].version > version)) return false;
  if (!Counts(job) || IsLeaving(job)) {
    if (index) ForgetLocked(*index);
    return index.has_value();
  }
  if (index) {
    PoolJob& known = pool_[*index];
    const bool frees = known.holds && !job.status.holds_resources;
    known.holds = job.status.holds_resources;
    known.devices = job.status.devices;
    known_[*index].version = version;
    return frees;
  }
  const ResourceAmounts asks = RequestsOfJob(job.spec);
  if (asks.is_zero()) return false;
  const auto at = std::ranges::lower_bound(known_, place, {}, &Known::place) - known_.begin();
  known_.insert(known_.begin() + at, {place, version});
  pool_.insert(pool_.begin() + at, {job.meta.namespace_ + "/" + job.meta.name, asks,
                                    job.status.holds_resources, job.status.devices});
  return false;
}

void ResourceClaims::ForgetLocked(std::size_t index) {
  known_.erase(known_.begin() + static_cast<std::ptrdiff_t>(index));
  pool_.erase(pool_.begin() + static_cast<std::ptrdiff_t>(index));
}

Result<ResourceDecision> ResourceClaims::Claim(TrainingJob& job) {
  // One that runs without a claim was started by an operator that knew of none.
  if (job.status.holds_resources || IsTrue(job.status.conditions, condition::kRunning) ||
      RequestsOfJob(job.spec).is_zero()) {
    return ResourceDecision{};
  }
  const Place place = PlaceOf(job);
  ResourceDecision decision;
  {
    const std::lock_guard lock(mutex_);
    LOCKSTEP_RETURN_IF_ERROR(LookAroundLocked());
    LearnLocked(job);
    const std::optional<std::size_t> index = FindLocked(place);
    if (!index || pool_[*index].holds) return Conflict(KeyOf(job).ToString() + " has changed");
    decision = DecideResources(machine_, pool_, *index);
    if (decision.kind != ResourceDecision::Kind::kGo) return decision;
    pool_[*index].holds = true;
    pool_[*index].devices = decision.devices;
    known_[*index].is_claiming = true;
  }
  job.status.holds_resources = true;
  job.status.devices = decision.devices;
  const Result<ObjectPtr> written = store_.UpdateStatus(job);
  if (written.ok()) job = std::get<TrainingJob>(**written);
  const std::lock_guard lock(mutex_);
  if (const std::optional<std::size_t> index = FindLocked(place)) {
    known_[*index].is_claiming = false;
    if (written.ok()) {
      known_[*index].version = VersionOf(job);
    } else {
      pool_[*index].holds = false;
      pool_[*index].devices.clear();
    }
  }
  if (!written.ok()) return written.status();
  return decision;
}

std::vector<ObjectKey> ResourceClaims::OnChange(const Change& change) {
  const auto& job = std::get<TrainingJob>(*change.object);
  std::vector<ObjectKey> keys;
  const std::lock_guard lock(mutex_);
  if (change.kind != Change::Kind::kDeleted) {
    if (!LearnLocked(job)) return keys;
  } else if (const std::optional<std::size_t> index = FindLocked(PlaceOf(job))) {
    ForgetLocked(*index);
  } else {
    return keys;
  }
  for (const std::size_t index : MayStart(machine_, pool_)) {
    const auto& [created, name, namespace_, uid] = known_[index].place;
    keys.push_back({TrainingJob::kKind, namespace_, name});
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
