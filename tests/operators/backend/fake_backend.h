// A JobBackend that runs nothing: what each job does is a script. It is the world, so it outlives
// the operators of a test.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

#include "operators/backend/job_backend.h"

namespace lockstep {

// What one generation of a job does.
struct FakeRun {
  std::string log = {};  // of rank 0; appears bit by bit, also in the middle of a line
  std::map<std::string, std::string> files = {};  // others, by name; appear in the same way
  int looks = 2;  // it runs until it was observed so often; -1: until it is stopped
  std::string cause = "succeeded";
  int exit_code = 0;
  int signal = 0;
};

class FakeBackend final : public JobBackend {
 public:
  explicit FakeBackend(std::function<FakeRun(const JobPlan&)> script)
      : script_(std::move(script)) {}

  Status Apply(const JobPlan& plan) override;
  Result<JobObservation> Observe(const JobId& id) override;
  Result<bool> Stop(const JobId& id) override;
  Result<FilePiece> ReadFile(const JobId& id, std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override;
  Result<std::vector<ListedFile>> ListFiles(const JobId& id, std::string_view folder) override;
  Result<std::uint64_t> Size(const JobId& id) override;  // of its log
  Status Forget(const JobId& id) override;
  Result<std::vector<OrphanedJob>> ListOrphans(
      const std::function<bool(const JobId&)>& known) override;

  // When the jobs ended that ListOrphans finds. Set before anything runs.
  WallTime orphans_ended{};

  // How often each "namespace/name/generation" was started; forgotten jobs count.
  std::map<std::string, int> Starts() const;
  std::size_t Kept() const;  // generations that were not forgotten
  int RunningNow() const;
  int RunningAtMost() const;

 private:
  struct Job {
    JobPlan plan;
    FakeRun run;
    int looked = 0;
    bool stopped = false;
    bool Ended() const { return stopped || (run.looks >= 0 && looked >= run.looks); }
  };
  using Key = std::tuple<std::string, int>;  // uid, generation
  int RunningLocked() const;
  // What can be seen of it now.
  static std::optional<std::string> Visible(const Job& job, std::string_view name);

  const std::function<FakeRun(const JobPlan&)> script_;
  mutable std::mutex mutex_;
  std::map<Key, Job> jobs_;            // guarded by mutex_
  std::map<std::string, int> starts_;  // guarded by mutex_
  int running_at_most_ = 0;            // guarded by mutex_
};

}  // namespace lockstep
