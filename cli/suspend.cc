// lockstep suspend, resume and cancel: pause a search or a job, let it go on, end it for good with
// its results kept.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>

#include "cli/intent_change.h"
#include "cli/interrupt.h"
#include "cli/object_name.h"
#include "cli/object_selection.h"
#include "cli/object_state.h"
#include "cli/verb.h"
#include "runtime/base/clock.h"
#include "runtime/base/duration.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kPoll(100);
constexpr char kSuspendedCondition[] = "Suspended";

struct IntentOptions {
  ObjectSelection selection;
  std::string reason = "cancelled by lockstep cancel";
  std::string timeout = "10m";
  bool wait = false;
};

struct IntentVerb {
  std::string name;  // "suspend"
  std::function<Result<bool>(Object&)> change;
  std::string done;     // "suspended"
  std::string effect;   // what will happen, after a colon
  std::string already;  // "suspended already"
};

// Nothing of it runs, and nothing will start: it has ended or is suspended, and so are its jobs.
Result<bool> IsQuiet(ObjectClient& client, const ObjectKey& key) {
  const Result<Object> object = client.Get(key);
  if (object.status().kind() == StatusKind::kNotFound) return true;
  if (!object.ok()) return object.status();
  const auto is_suspended = [](const Condition& condition) {
    return condition.type == kSuspendedCondition && condition.status == "True";
  };
  const auto stands = [&](const Object& one) {
    return IsFinished(one) || std::ranges::any_of(ConditionsOf(one), is_suspended);
  };
  if (!stands(*object)) return false;
  std::vector<Object> jobs;
  if (key.kind == Experiment::kKind) {
    LOCKSTEP_ASSIGN_OR_RETURN(
        jobs, client.List({TrainingJob::kKind, key.namespace_, {{kExperimentLabel, key.name}}}));
  } else if (const auto job = client.Get({TrainingJob::kKind, key.namespace_, key.name});
             job.ok()) {
    jobs.push_back(*job);
  }
  return std::ranges::all_of(jobs, [&](const Object& job) {
    return std::get<TrainingJob>(job).status.active == 0 && stands(job);
  });
}

Status WaitUntilQuiet(ObjectClient& client, const ObjectKey& key, MonotonicTime end) {
  for (;;) {
    LOCKSTEP_ASSIGN_OR_RETURN(const bool quiet, IsQuiet(client, key));
    if (quiet) return OkStatus();
    if (SystemClock().Monotonic() >= end) {
      return DeadlineExceeded("something of " + key.ToString() +
                              " still runs: `lockstep top jobs` and `lockstep describe` show what");
    }
    SystemClock().SleepFor(kPoll);
  }
}

int Change(const IntentVerb& verb, const IntentOptions& options, const VerbContext& context) {
  if (options.selection.words.empty()) {
    Fail(InvalidArgument("name what to " + verb.name + ": KIND/NAME, or KIND with -l or --all"));
    return kExitUsage;
  }
  if (const Status wrong = CheckSelection(options.selection); !wrong.ok()) return Fail(wrong);
  const Result<std::chrono::milliseconds> timeout = ParseDuration(options.timeout);
  if (!timeout.ok()) return Fail(timeout.status().WithContext("--timeout"));
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const Result<std::vector<ObjectKey>> keys = SelectObjects(client, options.selection);
  if (!keys.ok()) return Fail(keys.status());
  if (keys->empty()) std::fprintf(stderr, "Nothing to %s.\n", verb.name.c_str());
  int code = kExitSuccess;
  for (const ObjectKey& key : *keys) {
    const Result<IntentChange> change = ChangeIntent(client, key, verb.change);
    if (!change.ok()) {
      code = Fail(change.status());
      continue;
    }
    const std::string name = TypedName(change->object);
    std::printf("%s %s\n", name.c_str(),
                change->changed ? (verb.done + ": " + verb.effect).c_str() : verb.already.c_str());
    std::fflush(stdout);
  }
  if (!options.wait) return code;
  OnInterruptSay("no longer waiting; what was asked for goes on");
  const MonotonicTime end = SystemClock().Monotonic() + *timeout;
  for (const ObjectKey& key : *keys) {
    if (code != kExitSuccess) break;
    if (const Status status = WaitUntilQuiet(client, key, end); !status.ok()) code = Fail(status);
  }
  return code;
}

using VerbMaker = std::function<IntentVerb(const IntentOptions&)>;

CLI::App* AddIntentVerb(CLI::App& app, VerbContext& context, const std::string& name,
                        const std::string& description,
                        const std::shared_ptr<IntentOptions>& options, const VerbMaker& make) {
  CLI::App* verb = app.add_subcommand(name, description);
  AddSelection(*verb, options->selection, /*with_files=*/false);
  verb->callback([options, make, name, &context] {
    OnInterruptSay("interrupted; " + name + " again to be sure");
    context.exit_code = Change(make(*options), *options, context);
  });
  return verb;
}

void AddWaitFlags(CLI::App& verb, IntentOptions& options) {
  verb.add_flag("--wait", options.wait, "Wait until nothing of it runs");
  verb.add_option("--timeout", options.timeout, "Of --wait: 30s, 5m, 2h; default 10m");
}

}  // namespace

void AddSuspendVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<IntentOptions>();
  CLI::App* verb = AddIntentVerb(
      app, context, "suspend", "Pause Experiments or jobs", options, [](const IntentOptions&) {
        return IntentVerb{"suspend", Suspend, "suspended",
                          "nothing new starts; what runs is stopped within its grace period, and "
                          "goes on after `lockstep resume`",
                          "is suspended already"};
      });
  AddWaitFlags(*verb, *options);
  verb->footer("Example:\n  lockstep suspend exp/random --wait");
}

void AddResumeVerb(CLI::App& app, VerbContext& context) {
  CLI::App* verb =
      AddIntentVerb(app, context, "resume", "Let what is suspended go on",
                    std::make_shared<IntentOptions>(), [](const IntentOptions&) {
                      return IntentVerb{"resume", Resume, "resumed",
                                        "what was stopped starts again", "is not suspended"};
                    });
  verb->footer("Example:\n  lockstep resume exp/random");
}

void AddCancelVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<IntentOptions>();
  CLI::App* verb = AddIntentVerb(
      app, context, "cancel", "End Experiments, Trials or jobs for good; results are kept", options,
      [](const IntentOptions& chosen) {
        return IntentVerb{
            "cancel", [reason = chosen.reason](Object& o) { return Cancel(o, reason); },
            "cancelled", "what runs is stopped within its grace period; results and logs are kept",
            "is cancelled already"};
      });
  verb->add_option("--reason", options->reason, "Why, for those who look at it later");
  AddWaitFlags(*verb, *options);
  verb->footer("Example:\n  lockstep cancel exp/random --reason 'wrong data set' --wait");
}

}  // namespace lockstep
