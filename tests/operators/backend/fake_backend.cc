#include "tests/operators/backend/fake_backend.h"

#include <algorithm>

namespace lockstep {

Status FakeBackend::Apply(const JobPlan& plan) {
  std::lock_guard lock(mutex_);
  const auto [job, is_new] = jobs_.try_emplace({plan.id.uid, plan.id.generation});
  if (!is_new) return OkStatus();
  job->second = {.plan = plan, .run = script_(plan)};
  ++starts_[plan.id.namespace_ + "/" + plan.id.name + "/" + std::to_string(plan.id.generation)];
  running_at_most_ = std::max(running_at_most_, RunningLocked());
  return OkStatus();
}

Result<JobObservation> FakeBackend::Observe(const JobId& id) {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find({id.uid, id.generation});
  JobObservation observation;
  if (found == jobs_.end()) return observation;
  Job& job = found->second;
  if (!job.Ended()) ++job.looked;
  if (!job.Ended()) {
    observation.phase = JobPhase::kRunning;
    for (const JobRole& role : job.plan.spec.roles) observation.active += role.replicas;
    return observation;
  }
  const std::string cause = job.stopped ? "stopped" : job.run.cause;
  observation.phase = cause == "succeeded" ? JobPhase::kSucceeded : JobPhase::kFailed;
  if (observation.phase == JobPhase::kSucceeded) return observation;
  FirstFailure failure;
  failure.rank = job.run.cause == "launcher-lost" || job.stopped ? -1 : 0;
  failure.cause = cause;
  failure.exit_code = job.run.exit_code;
  failure.signal = job.run.signal;
  failure.message = "rank 0 ended: " + cause;
  if (!job.run.log.empty()) failure.last_lines = {job.run.log};
  observation.first_failure = failure;
  return observation;
}

Result<bool> FakeBackend::Stop(const JobId& id) {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find({id.uid, id.generation});
  if (found == jobs_.end() || found->second.Ended()) return true;
  found->second.stopped = true;
  return false;  // as with processes: not at once
}

Result<std::string> FakeBackend::ReadLog(const JobId& id, int rank, std::uint64_t offset,
                                         std::size_t bytes_max) {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find({id.uid, id.generation});
  if (found == jobs_.end() || rank != 0) return std::string();
  const Job& job = found->second;
  std::string visible = job.run.log;
  if (!job.Ended()) {
    constexpr std::size_t kBytesPerLook = 10;
    visible.resize(std::min(visible.size(), static_cast<std::size_t>(job.looked) * kBytesPerLook));
  }
  return offset < visible.size() ? visible.substr(offset, bytes_max) : "";
}

Result<std::uint64_t> FakeBackend::Size(const JobId& id) {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find({id.uid, id.generation});
  return found == jobs_.end() ? 0 : found->second.run.log.size();
}

Status FakeBackend::Forget(const JobId& id) {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find({id.uid, id.generation});
  if (found == jobs_.end()) return OkStatus();
  if (!found->second.Ended()) return FailedPrecondition("job " + id.name + " runs");
  jobs_.erase(found);
  return OkStatus();
}

std::map<std::string, int> FakeBackend::Starts() const {
  std::lock_guard lock(mutex_);
  return starts_;
}

std::size_t FakeBackend::Kept() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

int FakeBackend::RunningLocked() const {
  return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(),
                                        [](const auto& job) { return !job.second.Ended(); }));
}
int FakeBackend::RunningNow() const {
  std::lock_guard lock(mutex_);
  return RunningLocked();
}
int FakeBackend::RunningAtMost() const {
  std::lock_guard lock(mutex_);
  return running_at_most_;
}

}  // namespace lockstep
