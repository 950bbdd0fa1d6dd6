// lockstep logs: what the ranks of a trial or a job have printed.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/job_logs.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_state.h"
#include "cli/object_table.h"
#include "cli/verb.h"
#include "operators/api/did_you_mean.h"
#include "operators/api/job_kind.h"
#include "operators/backend/local_backend.h"
#include "runtime/base/clock.h"
#include "runtime/base/duration.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kPoll(100);

struct LogsOptions {
  std::string name;
  std::string namespace_ = kDefaultNamespace;
  std::string rank;
  std::string role;
  std::string trial;
  std::string since;
  std::string grep;
  int tail = -1;
  bool previous = false;
  bool follow = false;
};

bool Write(std::string_view piece) {
  return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() &&
         std::fflush(stdout) == 0;
}

// The Experiment's trial that --trial means: best, latest, or a name.
Result<std::string> TrialOf(ObjectClient& client, const Experiment& experiment,
                            const std::string& wanted) {
  const std::string of = " of " + KeyOf(experiment).ToString();
  if (wanted == "best") {
    const auto& best = experiment.status.current_optimal_trial;
    if (best && !best->best_trial_name.empty()) return best->best_trial_name;
    return NotFound("no trial" + of + " is the best yet: none has reported its objective");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(
      const std::vector<Object> trials,
      client.List(
          {Trial::kKind, experiment.meta.namespace_, {{kExperimentLabel, experiment.meta.name}}}));
  const Trial* found = nullptr;
  for (const Object& object : trials) {
    const auto& trial = std::get<Trial>(object);
    if (wanted == "latest") {
      const bool later = found == nullptr || trial.status.start_time >= found->status.start_time;
      if (later && !trial.status.start_time.empty()) found = &trial;
    } else if (trial.meta.name == wanted) {
      found = &trial;
    }
  }
  if (found != nullptr) return found->meta.name;
  return NotFound(wanted == "latest" ? "no trial" + of + " has started yet"
                                     : "no trial" + of + " is called " + wanted);
}

// The name of the job, which is its trial's.
Result<std::string> JobName(ObjectClient& client, const LogsOptions& options) {
  const bool typed = options.name.find('/') != std::string::npos;
  ObjectKey key{Trial::kKind, options.namespace_, options.name};
  if (typed) {
    LOCKSTEP_ASSIGN_OR_RETURN(key, ParseObjectName(options.name, options.namespace_));
  } else if (!options.trial.empty()) {
    key.kind = Experiment::kKind;
  } else {
    // A trial, a job, or else an Experiment.
    const ObjectKey job{TrainingJob::kKind, key.namespace_, key.name};
    const ObjectKey experiment{Experiment::kKind, key.namespace_, key.name};
    const bool is_job = client.Get(key).ok() || client.Get(job).ok();
    if (is_job || !client.Get(experiment).ok()) return key.name;
    key = experiment;
  }
  if (key.kind == Experiment::kKind) {
    LOCKSTEP_ASSIGN_OR_RETURN(const Object object, client.Get(key));
    const std::string wanted = options.trial.empty() ? "latest" : options.trial;
    LOCKSTEP_ASSIGN_OR_RETURN(std::string trial,
                              TrialOf(client, std::get<Experiment>(object), wanted));
    if (options.trial.empty()) {
      std::fprintf(stderr, "The latest trial is %s; --trial best|latest|NAME shows another.\n",
                   trial.c_str());
    }
    return trial;
  }
  if (!options.trial.empty()) {
    return InvalidArgument("--trial chooses a trial of an Experiment, and " + key.ToString() +
                           " is none");
  }
  if (IsJobKind(key.kind)) {
    LOCKSTEP_RETURN_IF_ERROR(client.Get(key).status());
    return key.name;
  }
  if (key.kind == Trial::kKind || key.kind == TrainingJob::kKind) return key.name;
  return InvalidArgument("logs are of a trial or a job, not of " + key.ToString());
}

// NotFound when a retention rule has removed them.
Result<TrainingJob> WithLogs(const TrainingJob& job) {
  const TrainingJobStatus& status = job.status;
  if (status.logs_removed_time.empty()) return job;
  return NotFound("the logs of " + AppliedKey(job).ToString() + " were removed at " +
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
      return NotFound("no Trial and no job is called " + key.namespace_ + "/" + key.name +
                      "; see `lockstep get trials,jobs`");
    }
    if (!trial.ok()) return trial.status();
    if (IsFinished(*trial) || !wait) {
      return NotFound(KeyOf(*trial).ToString() + " is " + StateOf(*trial) +
                      " and has no job that could have printed anything");
    }
    SystemClock().SleepFor(kPoll);
  }
}

// The ranks of a role, as --rank would name them.
Result<RankSet> RanksOfRole(const TrainingJob& job, const std::string& wanted) {
  int first = 0;
  std::vector<std::string_view> names;
  std::string known;
  for (const JobRole& role : job.spec.roles) {
    if (role.name == wanted && role.host_only) {
      return NotFound("the ranks of role " + wanted + " of " + AppliedKey(job).ToString() +
                      " only lend their hosts: what they run is printed by the others; leave out "
                      "--role");
    }
    if (role.host_only) continue;
    const int last = first + role.replicas - 1;
    if (role.name == wanted) {
      return RankSet::Parse(std::to_string(first) + "-" + std::to_string(last));
    }
    names.emplace_back(role.name);
    known += (known.empty() ? "" : ", ") + role.name;
    first = last + 1;
  }
  return NotFound(AppliedKey(job).ToString() + " has no role \"" + wanted + "\"" +
                  DidYouMean(wanted, names) + ": its roles are " + known);
}

Status CheckRanks(const TrainingJob& job, const RankSet& ranks) {
  const int size = RanksOf(job);
  if (ranks.Highest() < size) return OkStatus();
  return NotFound(
      AppliedKey(job).ToString() + " has " +
      (size == 1 ? std::string("one rank, 0") : "ranks 0 to " + std::to_string(size - 1)) +
      ": there is no rank " + std::to_string(ranks.Highest()));
}

Status ReadGeneration(const LogsOptions& options, const LogLineOptions& wanted,
                      const std::string& job_dir) {
  LogRequest request{job_dir, wanted.ranks.Only(), options.follow};
  LogLineOptions line_options = wanted;
  line_options.merged = !request.rank;
  LOCKSTEP_ASSIGN_OR_RETURN(LogLines lines, LogLines::Create(line_options));
  if (wanted.since && !options.follow) {
    const Result<WallTime> last = LastWritten(request);
    if (last.ok() && *last < *wanted.since) return OkStatus();  // all of it is older
  }
  return ReadLog(request, std::move(lines), Write);
}

// One generation after the other, until the job has ended.
Status ReadJob(ObjectClient& client, const StateDir& dir, const ObjectKey& key,
               const LogsOptions& options, LogLineOptions wanted) {
  LOCKSTEP_ASSIGN_OR_RETURN(TrainingJob job, FindJob(client, key, options.follow));
  if (!options.role.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(wanted.ranks, RanksOfRole(job, options.role));
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckRanks(job, wanted.ranks));
  int generation = job.status.generation - (options.previous ? 1 : 0);
  if (generation < 0) {
    return NotFound(AppliedKey(job).ToString() +
                    " was never started again: there is nothing before it");
  }
  for (;;) {
    const JobId id{key.namespace_, key.name, job.meta.uid, generation};
    LOCKSTEP_RETURN_IF_ERROR(ReadGeneration(options, wanted, LocalJobDir(dir.jobs_path(), id)));
    if (!options.follow || options.previous) return OkStatus();
    for (;;) {
      LOCKSTEP_ASSIGN_OR_RETURN(job, FindJob(client, key, false));
      if (job.status.generation > generation) break;
      if (IsFinished(job)) return OkStatus();
      SystemClock().SleepFor(kPoll);
    }
    ++generation;
    wanted.tail.reset();  // all of it is new
  }
}

Result<LogLineOptions> ReadOptions(const LogsOptions& options) {
  LogLineOptions wanted;
  LOCKSTEP_ASSIGN_OR_RETURN(wanted.ranks,
                            RankSet::Parse(options.rank.empty() ? "all" : options.rank));
  wanted.grep = options.grep;
  if (options.tail >= 0) wanted.tail = static_cast<std::size_t>(options.tail);
  if (!options.since.empty()) {
    const Result<std::chrono::milliseconds> since = ParseDuration(options.since);
    if (!since.ok()) return since.status().WithContext("--since");
    wanted.since = SystemClock().Now() - *since;
  }
  LOCKSTEP_RETURN_IF_ERROR(LogLines::Create(wanted).status());
  return wanted;
}

Status Logs(const LogsOptions& options, const VerbContext& context) {
  LOCKSTEP_ASSIGN_OR_RETURN(const LogLineOptions wanted, ReadOptions(options));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, OpenSession(context));
  ObjectClient client(*session);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string job, JobName(client, options));
  const ObjectKey key{TrainingJob::kKind, options.namespace_, job};
  return ReadJob(client, session->state_dir(), key, options, wanted);
}

}  // namespace

void AddLogsVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* verb = app.add_subcommand("logs", "Show what a trial or a job has printed");
  verb->footer(
      "Examples:\n  lockstep logs -f exp/random --trial latest\n"
      "  lockstep logs trial/random-a1 --rank 0,2-3 --tail 20 --grep 'loss=(nan|inf)'\n"
      "  lockstep logs pytorchjob/mnist --role worker");
  verb->add_option("name", options->name, "A trial or a job; or an Experiment, see --trial")
      ->required();
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_option("--trial", options->trial,
                   "Which trial of an Experiment: best, latest (default) or its name");
  verb->add_option("--rank", options->rank,
                   "0, or 0,3-5, or all (default): each line of several with its rank in front");
  verb->add_option("--role", options->role, "The ranks of this role: worker, master, ...")
      ->excludes("--rank");
  verb->add_option("--tail", options->tail, "Only the last lines, so many of those shown");
  verb->add_option("--since", options->since,
                   "Lines of the last 30s, 5m, 2h, by the time each begins with; a line without "
                   "one belongs to the one before it");
  verb->add_option("--grep", options->grep, "Only lines in which this RE2 is found");
  verb->add_flag("-p,--previous", options->previous, "What it printed before its last restart");
  verb->add_flag("-f,--follow", options->follow, "Go on until the job has ended");
  verb->callback([options, &context] {
    OnInterruptSay("no longer following; the job goes on. `lockstep logs -f " + options->name +
                   "` shows it again, from its beginning");
    const Status status = Logs(*options, context);
    context.exit_code = status.ok() ? kExitSuccess : Fail(status);
  });
}

}  // namespace lockstep
