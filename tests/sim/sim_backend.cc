#include "tests/sim/sim_backend.h"

#include <algorithm>

namespace lockstep::sim {
namespace {

using std::chrono::milliseconds;

// How often of 100 a job ends so; what is left succeeds.
struct Fate {
  const char* cause;
  int percent;
  int generation_max;  // from then on it does not any more
};
constexpr Fate kFates[] = {
    {"user-error", 12, 1000}, {"signal", 4, 1000},   {"launcher-lost", 8, 6},
    {"restart-me", 8, 6},     {"deadline", 1, 1000}, {"start-failed", 1, 1000},
};

}  // namespace

// In whole bytes, so that a line may be seen in the middle of being written.
std::string SimJob::LogAt(MonotonicTime now) const {
  if (now <= starts) return "";
  if (now >= ends) return log;
  const auto part = static_cast<double>((now - starts).count()) /
                    static_cast<double>(std::max<std::int64_t>((ends - starts).count(), 1));
  return log.substr(0, static_cast<std::size_t>(part * static_cast<double>(log.size())));
}

SimJob SimBackend::NewJob(const JobPlan& plan) {
  SimJob job;
  job.id = plan.id;
  for (const JobRole& role : plan.spec.roles) job.ranks += role.replicas;
  const std::int64_t reports = random_.OneIn(12) ? 0 : random_.Between(1, 8);
  std::int64_t value = random_.Between(100, 999);
  job.log = "starting\n";
  for (std::int64_t i = 1; i <= reports; ++i) {
    value = std::max<std::int64_t>(1, value + random_.Between(-90, 40));
    const char* const what = random_.OneIn(30) ? "nan" : "0.";
    job.log += (random_.OneIn(3) ? "epoch=" + std::to_string(i) + " " : "") + "loss=" + what +
               std::to_string(value) + (random_.OneIn(5) ? " and so on\n" : "\n");
  }
  if (random_.OneIn(6)) job.log += "loss=0.5";  // no line feed
  job.cause = "succeeded";
  auto at = static_cast<int>(random_.Below(100));
  for (const Fate& fate : kFates) {
    if (at >= 0 && at < fate.percent && plan.id.generation < fate.generation_max) {
      job.cause = fate.cause;
    }
    at -= fate.percent;
  }
  job.applied = clock_.Monotonic();
  job.starts = job.applied + milliseconds(random_.OneIn(20) ? 20'000 : random_.Between(0, 500));
  job.ends = job.starts + milliseconds(random_.OneIn(20) ? 60'000 : random_.Between(0, 4000));
  return job;
}

Status SimBackend::Start(const JobPlan& plan) {
  const Key key(plan.id.uid, plan.id.generation);
  if (jobs_.contains(key)) return OkStatus();
  on_start_(plan);
  jobs_.emplace(key, NewJob(plan));
  return OkStatus();
}

Status SimBackend::Apply(const JobPlan& plan) {
  return gate_.Let(false, [&] { return Start(plan); });
}

const SimJob* SimBackend::Find(const std::string& uid, int generation) const {
  const auto found = jobs_.find({uid, generation});
  return found == jobs_.end() ? nullptr : &found->second;
}

Result<JobObservation> SimBackend::Observe(const JobId& id) {
  return gate_.See([&]() -> Result<JobObservation> {
    JobObservation observation;
    const SimJob* job = Find(id.uid, id.generation);
    if (job == nullptr) return observation;
    const MonotonicTime now = clock_.Monotonic();
    if (!job->EndedBy(now)) {
      observation.phase = now < job->starts ? JobPhase::kStarting : JobPhase::kRunning;
      observation.active = now < job->starts ? 0 : job->ranks;
      observation.end_is_told = on_end_ && random_.OneIn(2);
      if (observation.end_is_told) to_tell_.emplace(Key(id.uid, id.generation), id);
      return observation;
    }
    const std::string cause = job->WasStopped() ? "stopped" : job->cause;
    observation.phase = cause == "succeeded" ? JobPhase::kSucceeded : JobPhase::kFailed;
    if (observation.phase == JobPhase::kSucceeded) return observation;
    observation.first_failure = FirstFailure{};
    observation.first_failure->cause = cause;
    observation.first_failure->message = "simulated: " + cause;
    return observation;
  });
}

void SimBackend::TellEnds(std::function<void(const JobId&)> on_end) {
  on_end_ = std::move(on_end);
  to_tell_.clear();
}

void SimBackend::TellWhatEnded() {
  for (auto it = to_tell_.begin(); it != to_tell_.end();) {
    const SimJob* job = Find(std::get<0>(it->first), std::get<1>(it->first));
    const bool runs = job != nullptr && !job->EndedBy(clock_.Monotonic());
    if (runs || random_.OneIn(3)) {
      ++it;
      continue;
    }
    const JobId id = it->second;
    it = to_tell_.erase(it);
    if (!random_.OneIn(30)) on_end_(id);
  }
}

Result<bool> SimBackend::Stop(const JobId& id) {
  return gate_.Let(false, [&]() -> Result<bool> {
    const auto found = jobs_.find({id.uid, id.generation});
    if (found == jobs_.end() || found->second.EndedBy(clock_.Monotonic())) return true;
    SimJob& job = found->second;
    if (!job.stopping) {
      job.stopping = true;
      job.stops = clock_.Monotonic() + milliseconds(1 + random_.Between(0, 1500));
    }
    return false;
  });
}

std::string SimBackend::FinalLog(const SimJob& job) const {
  return job.LogAt(job.WasStopped() ? job.stops : job.ends);
}

// There is but rank 0's log.
Result<FilePiece> SimBackend::ReadFile(const JobId& id, std::string_view name, std::uint64_t offset,
                                       std::size_t bytes_max) {
  return gate_.See([&]() -> Result<FilePiece> {
    FilePiece piece;
    const SimJob* job = Find(id.uid, id.generation);
    if (job == nullptr || name != RankLogName(0)) return piece;
    const MonotonicTime now = clock_.Monotonic();
    const std::string log = job->EndedBy(now) ? FinalLog(*job) : job->LogAt(now);
    piece.identity = name;
    piece.size = log.size();
    if (offset < log.size()) piece.bytes = log.substr(offset, bytes_max);
    return piece;
  });
}

Result<std::vector<ListedFile>> SimBackend::ListFiles(const JobId& /*id*/,
                                                      std::string_view /*folder*/) {
  return gate_.See([]() -> Result<std::vector<ListedFile>> { return std::vector<ListedFile>(); });
}

Result<std::uint64_t> SimBackend::Size(const JobId& id) {
  return gate_.See([&]() -> Result<std::uint64_t> {
    const SimJob* job = Find(id.uid, id.generation);
    return job == nullptr ? 0 : job->log.size();
  });
}

Status SimBackend::Forget(const JobId& id) {
  return gate_.Let(false, [&]() -> Status {
    const auto found = jobs_.find({id.uid, id.generation});
    if (found == jobs_.end()) return OkStatus();
    if (!found->second.EndedBy(clock_.Monotonic())) {
      return FailedPrecondition("job " + id.name + " runs");
    }
    jobs_.erase(found);
    return OkStatus();
  });
}

// One generation of a job comes after the other, so the last one counts. That they ended long ago
// lets the retention rule remove them whenever it looks.
Result<std::vector<OrphanedJob>> SimBackend::ListOrphans(
    const std::function<bool(const JobId&)>& known) {
  return gate_.See([&]() -> Result<std::vector<OrphanedJob>> {
    std::map<std::string, OrphanedJob> orphans;  // by uid
    for (const auto& [key, job] : jobs_) {
      if (known(job.id) || !job.EndedBy(clock_.Monotonic())) continue;
      orphans[job.id.uid] = {job.id, WallTime(), 1};
    }
    std::vector<OrphanedJob> list;
    list.reserve(orphans.size());
    for (auto& [uid, orphan] : orphans) list.push_back(std::move(orphan));
    return list;
  });
}

}  // namespace lockstep::sim
