// lockstep logs: what the ranks of a trial or a job have printed.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/job_logs.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_state.h"
#include "cli/verb.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

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

// Waits until the trial or job of this name has a directory, when there is such an object.
Result<std::string> WaitForStart(ObjectClient& client, const StateDir& dir,
                                 const std::string& namespace_, const std::string& job,
                                 bool follow) {
  std::string kind = Trial::kKind;
  if (client.Get({kind, namespace_, job}).status().kind() == StatusKind::kNotFound) {
    kind = TrainingJob::kKind;
  }
  const Result<Object> object = client.Get({kind, namespace_, job});
  if (object.status().kind() == StatusKind::kNotFound) {
    return NotFound("no Trial and no TrainingJob is called " + namespace_ + "/" + job +
                    "; see `lockstep get trials`");
  }
  if (!object.ok()) return object.status();
  Result<std::string> found = LatestGeneration(dir, namespace_, job);
  while (follow && !found.ok()) {
    const Result<Object> now = client.Get({kind, namespace_, job});
    if (!now.ok()) return now.status();
    found = LatestGeneration(dir, namespace_, job);
    if (IsFinished(*now)) break;
    if (!found.ok()) SystemClock().SleepFor(std::chrono::milliseconds(100));
  }
  return found;
}

int Logs(const LogsOptions& options, const VerbContext& context) {
  const Result<std::string> job = JobName(options);
  if (!job.ok()) return Fail(job.status());
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  const StateDir& dir = (*session)->state_dir();
  Result<std::string> path = LatestGeneration(dir, options.namespace_, *job);
  if (!path.ok()) {
    ObjectClient client(**session);
    path = WaitForStart(client, dir, options.namespace_, *job, options.follow);
  }
  if (!path.ok()) return Fail(path.status());
  const Status status = ReadLog({*path, options.rank, options.follow}, [](std::string_view piece) {
    return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() &&
           std::fflush(stdout) == 0;
  });
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
    OnInterruptSay("interrupted; the job goes on");
    context.exit_code = Logs(*options, context);
  });
}

}  // namespace lockstep
