// lockstep logs: what the ranks of a trial or a job have printed.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/job_logs.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_state.h"
#include "cli/verb.h"
#include "operators/backend/local_backend.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kPoll(100);

struct LogsOptions {
  std::string name;
  std::string namespace_ = kDefaultNamespace;
  int rank = -1;
  bool follow = false;
};

// "trial/x", "trainingjob/x" or "x" -> the name of the job, which is the trial's.
Result<std::string> JobName(const LogsOptions& options) {
  if (options.name.find('/') == std::string::npos) return options.name;
  LOCKSTEP_ASSIGN_OR_RETURN(const ObjectKey key, ParseObjectName(options.name, options.namespace_));
  if (key.kind == Trial::kKind || key.kind == TrainingJob::kKind) return key.name;
  return InvalidArgument("logs are of a trial or a training job, not of " + key.ToString());
}

bool Write(std::string_view piece) {
  return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() &&
         std::fflush(stdout) == 0;
}

// NotFound when a retention rule has removed them.
Result<TrainingJob> WithLogs(const TrainingJob& job) {
  const TrainingJobStatus& status = job.status;
  if (status.logs_removed_time.empty()) return job;
  return NotFound("the logs of " + KeyOf(job).ToString() + " were removed at " +
                  status.logs_removed_time + ": " + status.logs_removed_message +
                  "; its metrics are still there, see `lockstep describe`");
}

// The job; with `wait` also one that its trial is about to get.
Result<TrainingJob> FindJob(ObjectClient& client, const ObjectKey& key, bool wait) {
  for (;;) {
    const Result<Object> job = client.Get(key);
    if (job.ok()) return WithLogs(std::get<TrainingJob>(*job));
    if (job.status().kind() != StatusKind::kNotFound) return job.status();
    const Result<Object> trial = client.Get({Trial::kKind, key.namespace_, key.name});
    if (trial.status().kind() == StatusKind::kNotFound) {
      return NotFound("no Trial and no TrainingJob is called " + key.namespace_ + "/" + key.name +
                      "; see `lockstep get trials`");
    }
    if (!trial.ok()) return trial.status();
    if (IsFinished(*trial) || !wait) {
      return NotFound(KeyOf(*trial).ToString() + " is " + StateOf(*trial) +
                      " and has no job that could have printed anything");
    }
    SystemClock().SleepFor(kPoll);
  }
}

// One generation after the other, until the job has ended.
Status FollowJob(ObjectClient& client, const StateDir& dir, const ObjectKey& key, int rank,
                 bool follow) {
  LOCKSTEP_ASSIGN_OR_RETURN(TrainingJob job, FindJob(client, key, follow));
  for (int generation = job.status.generation;;) {
    const JobId id{key.namespace_, key.name, job.meta.uid, generation};
    LOCKSTEP_RETURN_IF_ERROR(ReadLog({LocalJobDir(dir.jobs_path(), id), rank, follow}, Write));
    if (!follow) return OkStatus();
    for (;;) {
      LOCKSTEP_ASSIGN_OR_RETURN(job, FindJob(client, key, false));
      if (job.status.generation > generation) break;
      if (IsFinished(job)) return OkStatus();
      SystemClock().SleepFor(kPoll);
    }
    ++generation;
  }
}

int Logs(const LogsOptions& options, const VerbContext& context) {
  const Result<std::string> job = JobName(options);
  if (!job.ok()) return Fail(job.status());
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const ObjectKey key{TrainingJob::kKind, options.namespace_, *job};
  const Status status =
      FollowJob(client, (*session)->state_dir(), key, options.rank, options.follow);
  return status.ok() ? kExitSuccess : Fail(status);
}

}  // namespace

void AddLogsVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* verb = app.add_subcommand("logs", "Show what a trial or a training job has printed");
  verb->add_option("name", options->name, "Name of a trial or training job")->required();
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_option("--rank", options->rank, "One rank, instead of all together")
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("-f,--follow", options->follow, "Go on until the job has ended");
  verb->callback([options, &context] {
    OnInterruptSay("no longer following; the job goes on. `lockstep logs -f " + options->name +
                   "` shows it again, from its beginning");
    context.exit_code = Logs(*options, context);
  });
}

}  // namespace lockstep
