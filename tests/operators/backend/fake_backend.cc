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

std::optional<std::string> FakeBackend::Visible(const Job& job, std::string_view name) {
  std::string text = job.run.log;
  if (name != RankLogName(0)) {
    const auto file = job.run.files.find(std::string(name));
    if (file == job.run.files.end()) return std::nullopt;
    text = file->second;
  }
  if (!job.Ended()) {
    constexpr std::size_t kBytesPerLook = 10;
    text.resize(std::min(text.size(), static_cast<std::size_t>(job.looked) * kBytesPerLook));
  }
  return text;
}

Result<FilePiece> FakeBackend::ReadFile(const JobId& id, std::string_view name,
                                        std::uint64_t offset, std::size_t bytes_max) {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find({id.uid, id.generation});
  FilePiece piece;
  if (found == jobs_.end()) return piece;
  const std::optional<std::string> text = Visible(found->second, name);
  if (!text) return piece;
  piece.identity = name;
  piece.size = text->size();
  if (offset < text->size()) piece.bytes = text->substr(offset, bytes_max);
  return piece;
}

Result<std::vector<ListedFile>> FakeBackend::ListFiles(const JobId& id, std::string_view folder) {
  std::lock_guard lock(mutex_);
  std::vector<ListedFile> files;
  const auto found = jobs_.find({id.uid, id.generation});
  if (found == jobs_.end()) return files;
  const std::string inside = folder.empty() ? "" : std::string(folder) + "/";
  for (const auto& [name, text] : found->second.run.files) {
    if (!name.starts_with(inside)) continue;
    files.push_back({name, name, Visible(found->second, name)->size()});
  }
  return files;
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

Result<std::vector<OrphanedJob>> FakeBackend::ListOrphans(
    const std::function<bool(const JobId&)>& known) {
  std::lock_guard lock(mutex_);
  std::map<std::string, OrphanedJob> orphans;  // by uid
  for (const auto& [key, job] : jobs_) {
    if (known(job.plan.id) || !job.Ended()) continue;
    OrphanedJob& orphan = orphans[job.plan.id.uid];
    orphan = {job.plan.id, orphans_ended, orphan.bytes + job.run.log.size()};
  }
  std::vector<OrphanedJob> list;
  list.reserve(orphans.size());
  for (auto& [uid, orphan] : orphans) list.push_back(std::move(orphan));
  return list;
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
