// A JobBackend runs one generation of a job somewhere: local processes, or Kubernetes; a fake in
// tests.
//
// Thread safety: all methods from any thread. Every method may be repeated; Apply of the same plan
// twice starts nothing twice, also when the operator was killed between the two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/training_job.h"
#include "runtime/base/status.h"

namespace lockstep {

// One generation of one TrainingJob.
struct JobId {
  std::string namespace_;
  std::string name;
  std::string uid;  // of the TrainingJob
  int generation = 0;
};

// What is to run; see job_plan.h for how it is made from a TrainingJob.
struct JobPlan {
  JobId id;
  TrainingJobSpec spec;     // placeholders resolved, defaults set
  std::string working_dir;  // for containers that name none; may be empty
  std::string path;         // PATH for programs; empty: the operator's own
};

enum class JobPhase : std::uint8_t { kNotFound, kStarting, kRunning, kSucceeded, kFailed };

struct JobObservation {
  JobPhase phase = JobPhase::kNotFound;
  int active = 0;                             // ranks that run
  std::optional<FirstFailure> first_failure;  // kFailed only
};

class JobBackend {
 public:
  virtual ~JobBackend() = default;
  virtual Status Apply(const JobPlan& plan) = 0;
  virtual Result<JobObservation> Observe(const JobId& id) = 0;
  // Asks the generation to end (TERM, grace, KILL) and returns at once. True: nothing of it runs
  // any more.
  virtual Result<bool> Stop(const JobId& id) = 0;
  // Up to `bytes_max` bytes of what rank `rank` has printed (stdout and stderr) from byte `offset`
  // on; "" when there is no more now.
  virtual Result<std::string> ReadLog(const JobId& id, int rank, std::uint64_t offset,
                                      std::size_t bytes_max) = 0;
  // Bytes of what a generation has left behind; 0: nothing.
  virtual Result<std::uint64_t> Size(const JobId& id) = 0;
  // Removes what a generation that does not run left behind (its job directory).
  virtual Status Forget(const JobId& id) = 0;
};

}  // namespace lockstep
