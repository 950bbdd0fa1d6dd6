// A JobBackend whose ranks do what a recording says of the pods of a job. How that ends is decided
// by the launcher's own Verdict.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "launcher/verdict.h"
#include "operators/backend/job_backend.h"

namespace lockstep {

// What happened to a pod.
struct PodEvent {
  enum class What { kRuns, kEnds, kEvicted, kDeleted };
  std::string role;
  int index = 0;
  What what = What::kRuns;
  int exit_code = 0;  // kEnds
};

class RecordedPods final : public JobBackend {
 public:
  // Of the generation that was started last. Nothing happens to ranks that are not there, or have
  // ended: so it is with those of a role that only lends its hosts. `with_the_last`: at the moment
  // of the event before, so that an end which that one decided does not come between.
  void Apply(const PodEvent& event, bool with_the_last = false);
  // Of the ranks that were started again with one that failed, those that ran before run again:
  // the recording, whose operators leave them alone, does not say so.
  void OthersRunAgain();

  std::size_t kept() const { return generations_.size(); }  // that were not forgotten
  // REQUIRES: it is kept.
  const JobPlan& PlanOf(int generation) const { return generations_.at(generation).plan; }

  Status Apply(const JobPlan& plan) override;
  Result<JobObservation> Observe(const JobId& id) override;
  Result<bool> Stop(const JobId& id) override;
  Result<FilePiece> ReadFile(const JobId&, std::string_view, std::uint64_t, std::size_t) override {
    return FilePiece{};
  }
  Result<std::vector<ListedFile>> ListFiles(const JobId&, std::string_view) override {
    return std::vector<ListedFile>{};
  }
  Result<std::uint64_t> Size(const JobId&) override { return std::uint64_t{0}; }
  Status Forget(const JobId& id) override;

 private:
  enum class Phase { kPending, kRunning, kSucceeded, kFailed, kStopped };
  struct Rank {
    std::string role;
    int index = 0;
    Phase phase = Phase::kPending;
    bool ran_before = false;  // in the generation before, until that ended
  };
  struct Generation {
    Generation(JobPlan of, Verdict by) : plan(std::move(of)), verdict(std::move(by)) {}
    JobPlan plan;
    std::vector<Rank> ranks;
    Verdict verdict;
    bool all_done = false;  // each by itself
    bool Ended() const { return all_done || verdict.decided(); }
  };
  void End(Generation& generation, std::size_t rank, int wait_status);
  Generation* Latest();

  std::map<int, Generation> generations_;
};

}  // namespace lockstep
