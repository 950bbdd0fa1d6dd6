// A JobBackend runs one generation of a job somewhere: local processes, or Kubernetes; a fake in
// tests.
//
// Thread safety: all methods from any thread. Every method may be repeated; Apply of the same plan
// twice starts nothing twice, also when the operator was killed between the two.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/api/training_job.h"
#include "runtime/base/clock.h"
#include "runtime/base/status.h"

namespace lockstep {

// One generation of one TrainingJob.
struct JobId {
  std::string namespace_;
  std::string name;
  std::string uid;  // of the TrainingJob
  int generation = 0;
};

struct VolumeFile {
  std::string path;  // in the volume
  std::string bytes;
  unsigned mode = 0644;
};

// What a volume of a role holds that is made of a ConfigMap or a Secret.
struct FilledVolume {
  std::string role;
  std::string volume;
  std::vector<VolumeFile> files;
};

// A program that runs beside the rank whose metrics are read (spec.metricsCollector.rank), or the
// first of its role, with the volumes of that pod.
struct CollectorSidecar {
  Container container;
  std::chrono::milliseconds linger{0};  // from the end of the ranks to its SIGTERM
};

// What is to run; see job_plan.h for how it is made from a TrainingJob. It refers to nothing:
// values from ConfigMaps and fields are in it.
struct JobPlan {
  JobId id;
  TrainingJobSpec spec;     // placeholders resolved, defaults set, env without valueFrom or envFrom
  std::string working_dir;  // for containers that name none; may be empty
  std::string path;         // PATH for programs; empty: the operator's own
  std::vector<FilledVolume> filled_volumes = {};
  std::optional<CollectorSidecar> collector_sidecar = {};
  // The GPUs of this machine that each rank is told of ("0,1"), by role; empty: none is told.
  std::vector<std::vector<std::string>> rank_devices = {};
};

enum class JobPhase : std::uint8_t { kNotFound, kStarting, kRunning, kSucceeded, kFailed };

struct JobObservation {
  JobPhase phase = JobPhase::kNotFound;
  int active = 0;                             // ranks that run
  std::vector<RoleStatus> roles = {};         // of the plan, in its order; empty: not known
  std::optional<FirstFailure> first_failure;  // kFailed only
  bool end_is_told = false;                   // TellEnds will say when it has ended
};

struct FilePiece {
  std::string identity;  // of the file, whatever it is called; "": there is none to be read
  std::string why_not;   // it is there and cannot be read, to follow its name: "is a folder"
  std::uint64_t size = 0;
  std::string bytes;
};

struct ListedFile {
  std::string name;  // relative to the job directory
  std::string identity;
  std::uint64_t size = 0;
};

// The name of what rank `rank` has printed (stdout and stderr), for ReadFile.
inline std::string RankLogName(int rank) { return "rank-" + std::to_string(rank) + ".log"; }

// What a job has left behind that nobody knows any more: its TrainingJob was deleted.
struct OrphanedJob {
  JobId id;                 // of its last generation; of the uid at least the first 8 characters
  WallTime ended;           // of that generation
  std::uint64_t bytes = 0;  // of all generations
};

class JobBackend {
 public:
  virtual ~JobBackend() = default;
  virtual Status Apply(const JobPlan& plan) = 0;
  virtual Result<JobObservation> Observe(const JobId& id) = 0;
  // Asks the generation to end (TERM, grace, KILL) and returns at once. True: nothing of it runs
  // any more.
  virtual Result<bool> Stop(const JobId& id) = 0;
  // Calls `on_end` with each job that has ended and whose observation said `end_is_told`, from a
  // thread of the backend; {}: nobody any more. Once it has returned, the function before is not
  // running and is never called again. A backend that cannot tell is polled.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): a backend that can tell keeps it
  virtual void TellEnds(std::function<void(const JobId&)> /*on_end*/) {}
  // Up to `bytes_max` bytes, from byte `offset` on, of a file of the generation: `name` is relative
  // to its job directory ("rank-0.log", "volumes/rank-0/metrics-volume/metrics.log") and has no
  // "..". Links are not followed. REQUIRES: `name` comes from a plan, not from a program.
  virtual Result<FilePiece> ReadFile(const JobId& id, std::string_view name, std::uint64_t offset,
                                     std::size_t bytes_max) = 0;
  // The files below a folder of the generation, by name, at most 10,000; none when there is no such
  // folder.
  virtual Result<std::vector<ListedFile>> ListFiles(const JobId& id, std::string_view folder) = 0;
  // Bytes of what a generation has left behind; 0: nothing.
  virtual Result<std::uint64_t> Size(const JobId& id) = 0;
  // Removes what a generation that does not run left behind (its job directory).
  virtual Status Forget(const JobId& id) = 0;
  // The jobs that have left something behind, do not run, and are not `known` (which is asked with
  // ids like those of OrphanedJob). A backend that keeps nothing by itself has none.
  virtual Result<std::vector<OrphanedJob>> ListOrphans(
      const std::function<bool(const JobId&)>& /*known*/) {
    return std::vector<OrphanedJob>();
  }
};

}  // namespace lockstep
