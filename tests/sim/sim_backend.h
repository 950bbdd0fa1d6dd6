// A JobBackend whose jobs are scripts on a clock that stands still: slow, failing, killed, never
// starting, asking to be started again. It is the world: jobs outlive operators.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "operators/backend/job_backend.h"
#include "runtime/base/clock.h"
#include "tests/sim/fault_gate.h"

namespace lockstep::sim {

// One generation of a job.
struct SimJob {
  JobId id;
  int ranks = 0;
  std::string log;  // of rank 0, all of it; what is seen of it grows with time
  MonotonicTime applied;
  MonotonicTime starts;
  MonotonicTime ends;  // by itself
  std::string cause;   // of that end
  bool stopping = false;
  MonotonicTime stops;  // when asked to

  bool EndedBy(MonotonicTime now) const { return ends <= now || (stopping && stops <= now); }
  bool WasStopped() const { return stopping && stops < ends; }
  std::string LogAt(MonotonicTime now) const;
};

class SimBackend final : public JobBackend {
 public:
  // `on_start` sees each job that is started, before it is there.
  SimBackend(FaultGate& gate, Random& random, Clock& clock,
             std::function<void(const JobPlan&)> on_start)
      : gate_(gate), random_(random), clock_(clock), on_start_(std::move(on_start)) {}

  Status Apply(const JobPlan& plan) override;
  Result<JobObservation> Observe(const JobId& id) override;
  Result<bool> Stop(const JobId& id) override;
  Result<FilePiece> ReadFile(const JobId& id, std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override;
  Result<std::vector<ListedFile>> ListFiles(const JobId& id, std::string_view folder) override;
  Result<std::uint64_t> Size(const JobId& id) override;
  Status Forget(const JobId& id) override;
  Result<std::vector<OrphanedJob>> ListOrphans(
      const std::function<bool(const JobId&)>& known) override;
  void TellEnds(std::function<void(const JobId&)> on_end) override;
  // Time has passed: of the jobs whose end an operator waits to hear of it hears now, later or, now
  // and then, never.
  void TellWhatEnded();

  using Key = std::tuple<std::string, int>;  // uid, generation
  const std::map<Key, SimJob>& jobs() const { return jobs_; }
  // Null: not started, or forgotten.
  const SimJob* Find(const std::string& uid, int generation) const;
  bool Runs(const SimJob& job) const { return !job.EndedBy(clock_.Monotonic()); }
  // What an ended job has printed in all.
  std::string FinalLog(const SimJob& job) const;

 private:
  SimJob NewJob(const JobPlan& plan);
  Status Start(const JobPlan& plan);

  FaultGate& gate_;
  Random& random_;
  Clock& clock_;
  const std::function<void(const JobPlan&)> on_start_;
  std::map<Key, SimJob> jobs_;
  std::function<void(const JobId&)> on_end_;
  std::map<Key, JobId> to_tell_;
};

}  // namespace lockstep::sim
