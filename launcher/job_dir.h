// A job directory: what one generation of a job leaves on disk, and how others see whether it
// lives.
//
//   plan.json      the LaunchPlan; written before the launcher is started
//   lock           there from the start, and held by the launcher's guardian for as long as
//                  anything of the generation may run; it holds the job's tag
//   rank-N.log     what rank N printed (stdout and stderr), whole lines
//   merged.log     all ranks, each line with its [rank] in front
//   NAME.log       what the sidecar NAME printed
//   volumes/       rank-N/: what the volumes of rank N's own hold
//   hosts          /etc/hosts of its programs, where its ranks have host names
//   containers/    the ids of the containers that podman runs for it
//   exits.jsonl    a line for each rank that ended while others ran
//   exit.json      how it ended; written by rename, last of all, before the lock is released
//   failure.json   the first failure, when there was one; before exit.json
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

enum class ExitCause : std::uint8_t {
  kSucceeded,
  kUserError,    // a rank exited with a code that is not 0
  kSignal,       // a rank was ended by a signal that we did not send
  kRestartMe,    // a rank exited with 75
  kStartFailed,  // a program could not be started
  kDeadline,
  kStopped,       // somebody asked the launcher to stop (SIGTERM, SIGINT)
  kLauncherLost,  // the launcher itself was killed; nothing the program did
};
std::string_view ExitCauseName(ExitCause cause);  // "succeeded", "user-error", "launcher-lost", ...
Result<ExitCause> ParseExitCause(std::string_view name);

struct FailureRecord {
  int rank = -1;  // -1: no rank is to blame
  std::string role;
  std::string host;
  ExitCause cause = ExitCause::kUserError;
  int exit_code = 0;
  int signal = 0;
  std::string
      message;  // one sentence: "rank 1 (pid 4711 on host h) was killed by signal 9 (SIGKILL)"
  std::vector<std::string> last_lines;  // at most 20
};

// Ranks of a role.
struct RoleCount {
  std::string role;
  int active = 0;
  int succeeded = 0;
  int failed = 0;  // by themselves; one that was stopped counts nowhere
};

// How a rank ended while others ran.
struct RankExit {
  int rank = 0;
  int exit_code = 0;     // as a shell would say it
  bool stopped = false;  // after it was told to stop
};

struct ExitRecord {
  int exit_code = 0;  // of `lockstep run`
  ExitCause cause = ExitCause::kSucceeded;
  std::string started_at;  // RFC 3339
  std::string ended_at;
  std::optional<FailureRecord> failure;
  std::vector<RoleCount> roles = {};  // in the plan's order; none: of one rank, or launcher lost
};

enum class JobLife : std::uint8_t {
  kNotStarted,
  kRunning,
  kEnded,
  kLost
};  // kLost: the lock is free and there is no exit.json; see lost_job.h

class JobDir {
 public:
  explicit JobDir(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  std::string plan_path() const { return path_ + "/plan.json"; }
  std::string lock_path() const { return path_ + "/lock"; }
  std::string merged_log_path() const { return path_ + "/merged.log"; }
  std::string exit_path() const { return path_ + "/exit.json"; }
  std::string failure_path() const { return path_ + "/failure.json"; }
  std::string rank_exits_path() const { return path_ + "/exits.jsonl"; }
  std::string hosts_path() const { return path_ + "/hosts"; }
  std::string containers_path() const { return path_ + "/containers"; }
  std::string rank_log_path(int rank) const {
    return path_ + "/rank-" + std::to_string(rank) + ".log";
  }
  std::string sidecar_log_path(const std::string& name) const {
    return path_ + "/" + name + ".log";
  }

  // kNotStarted: no lock file yet. Never blocks.
  Result<JobLife> Life() const;
  // NotFound while it runs.
  Result<ExitRecord> ReadExit() const;
  // Of those that ended while others ran, the first to end first; none is no error. A line
  // that a full disk or a power cut has spoilt is passed over: that the job runs is known without.
  Result<std::vector<RankExit>> ReadRankExits() const;
  // In one write, so that a reader sees whole lines.
  Status AppendRankExit(const RankExit& exit) const;
  // failure.json (when record.failure), then exit.json, each by temporary file, fsync and rename.
  Status WriteExit(const ExitRecord& record) const;
  // The text of plan.json.
  Result<std::string> ReadPlan() const;
  // Leaves a plan.json that is there already as it is, but for an empty one: it is not synced, so a
  // power cut may leave that, and then nothing has run by it.
  Status WritePlan(std::string_view text) const;

 private:
  std::string path_;
};

}  // namespace lockstep
