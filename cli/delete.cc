// lockstep delete: removes objects and all that belongs to them, and waits until they are gone.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/job_removal.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_selection.h"
#include "cli/verb.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct DeleteOptions {
  ObjectSelection selection;
  std::string cascade = "foreground";
  bool wait = true;
  bool logs = false;
  bool ignore_not_found = false;
};

// Longer than any job's grace period is meant to be.
constexpr std::chrono::minutes kGoneDeadline(10);

std::string WaitCommand(const ObjectKey& key) {
  return "`lockstep wait " + key.kind + "/" + key.name +
         (key.namespace_ == kDefaultNamespace ? "" : " -n " + key.namespace_) + " --for=delete`";
}

Status WaitUntilGone(ObjectClient& client, const ObjectKey& key) {
  OnInterruptSay("no longer waiting; " + key.ToString() +
                 " goes on being deleted. Wait again with " + WaitCommand(key));
  const MonotonicTime end = SystemClock().Monotonic() + kGoneDeadline;
  for (;;) {
    const Status status = client.Get(key).status();
    if (status.kind() == StatusKind::kNotFound) return OkStatus();
    LOCKSTEP_RETURN_IF_ERROR(status);
    if (SystemClock().Monotonic() >= end) {
      return DeadlineExceeded(key.ToString() +
                              " is still being deleted: its processes do not end; see `lockstep "
                              "describe` and operator.log");
    }
    SystemClock().SleepFor(std::chrono::milliseconds(20));
  }
}

// What was done to it, in one word.
Result<std::string> DeleteOne(ObjectClient& client, const ObjectKey& key, const StateDir& dir,
                              const DeleteOptions& options) {
  std::vector<std::string> logs;
  if (options.logs) {  // once it is gone nobody knows any more which were its own
    LOCKSTEP_ASSIGN_OR_RETURN(logs, JobPathsOf(client, key, dir.jobs_path()));
  }
  LOCKSTEP_RETURN_IF_ERROR(client.Delete(key));
  if (options.logs) {  // those too that a search has started since; from now on it starts none
    const auto more = JobPathsOf(client, key, dir.jobs_path());
    if (more.ok()) logs.insert(logs.end(), more->begin(), more->end());
  }
  if (!options.wait) return std::string("is being deleted");
  LOCKSTEP_RETURN_IF_ERROR(WaitUntilGone(client, key));
  if (!options.logs) return std::string("deleted");
  LOCKSTEP_RETURN_IF_ERROR(RemoveJobPaths(logs));
  return std::string("deleted, with its logs");
}

Status CheckOptions(const DeleteOptions& options) {
  if (options.cascade == "orphan") {
    return InvalidArgument(
        "--cascade=orphan would leave trials and jobs that nobody owns and nobody ends: an object "
        "goes with all that belongs to it; to keep the results, `lockstep export` them first, or "
        "`lockstep cancel` instead");
  }
  if (options.logs && !options.wait) {
    return InvalidArgument("--logs are removed when the jobs have ended: leave out --wait=false " +
                           std::string("and --cascade=background"));
  }
  return CheckSelection(options.selection);
}

int Delete(const DeleteOptions& options, const VerbContext& context) {
  const ObjectSelection& selection = options.selection;
  if (selection.files.empty() && selection.words.empty() && selection.selector.empty()) {
    Fail(InvalidArgument("name what to delete: KIND NAME, or -f FILE"));
    return kExitUsage;
  }
  if (const Status wrong = CheckOptions(options); !wrong.ok()) return Fail(wrong);
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const Result<std::vector<ObjectKey>> keys = SelectObjects(client, selection);
  if (!keys.ok()) return Fail(keys.status());
  const bool selects = selection.all || !selection.selector.empty();
  if (keys->empty()) std::fprintf(stderr, "Nothing to delete.\n");
  int code = kExitSuccess;
  for (const ObjectKey& key : *keys) {
    const Result<std::string> done = DeleteOne(client, key, (*session)->state_dir(), options);
    // Of several selected, one may go with another: an Experiment takes its trials.
    const bool gone = done.status().kind() == StatusKind::kNotFound;
    if (gone && (options.ignore_not_found || selects)) continue;
    if (done.ok()) {
      std::printf("%s %s\n", key.ToString().c_str(), done->c_str());
      std::fflush(stdout);
    } else {
      code = Fail(done.status());
    }
  }
  return code;
}

}  // namespace

void AddDeleteVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* verb = app.add_subcommand("delete", "Delete objects; their processes are ended first");
  verb->footer(
      "Examples:\n  lockstep delete exp/random --logs\n  lockstep delete experiments --all");
  AddSelection(*verb, options->selection, /*with_files=*/true);
  verb->add_option("--cascade", options->cascade,
                   "foreground (default): wait until all that belongs to it is gone; background: "
                   "do not wait. Nothing is ever orphaned")
      ->check(CLI::IsMember({"foreground", "background", "orphan"}));
  verb->add_flag("--wait,!--no-wait", options->wait, "Wait until it is gone; the default");
  verb->add_flag(
      "--logs", options->logs,
      "Remove what its jobs have left too, logs and all, which stays for 7 days otherwise");
  verb->add_flag("--ignore-not-found", options->ignore_not_found, "What is not there is no error");
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; delete again to be sure");
    if (options->cascade == "background") options->wait = false;
    context.exit_code = Delete(*options, context);
  });
}

}  // namespace lockstep
