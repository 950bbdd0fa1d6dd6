// lockstep wait: until objects have a condition or a value, are there, or are gone.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>

#include "cli/interrupt.h"
#include "cli/object_name.h"
#include "cli/object_selection.h"
#include "cli/object_state.h"
#include "cli/verb.h"
#include "cli/wait_condition.h"
#include "runtime/base/clock.h"
#include "runtime/base/duration.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPoll(100);

struct WaitOptions {
  ObjectSelection selection;
  std::string for_;
  std::string timeout;
};

// What there is to say about the object as it is now; nullopt: go on waiting. Asking again and
// again sees the truth whatever happened in between, an operator that was killed included.
std::optional<int> Look(const ObjectKey& key, const Result<Object>& object,
                        const WaitCondition& wanted, bool was_there) {
  using Kind = WaitCondition::Kind;
  if (object.status().kind() == StatusKind::kNotFound) {
    if (wanted.kind == Kind::kCreated) return std::nullopt;
    if (wanted.kind == Kind::kGone) {
      std::printf("%s is gone\n", key.ToString().c_str());
      return kExitSuccess;
    }
    if (was_there) return Fail(FailedPrecondition(key.ToString() + " was deleted"));
  }
  if (!object.ok()) return Fail(object.status());
  const Result<bool> met = IsMet(wanted, *object, key.kind);
  if (!met.ok()) return Fail(met.status());
  if (*met) {
    std::printf("%s condition met\n", TypedName(*object).c_str());
    return kExitSuccess;
  }
  if (wanted.kind == Kind::kGone || !IsFinished(*object)) return std::nullopt;
  const std::string message = StateMessage(*object);
  return Fail(FailedPrecondition(key.ToString() + " has ended as " + StateOf(*object) +
                                 ", not as " + wanted.text +
                                 (message.empty() ? "" : ": " + message)));
}

int WaitForOne(ObjectClient& client, const ObjectKey& key, const WaitCondition& wanted,
               MonotonicTime end, const std::string& timeout) {
  for (bool was_there = false;; was_there = true) {
    if (const auto code = Look(key, client.Get(key), wanted, was_there)) {
      std::fflush(stdout);
      return *code;
    }
    if (SystemClock().Monotonic() >= end) {
      const bool awaited = wanted.kind == WaitCondition::Kind::kCreated;
      return Fail(DeadlineExceeded(
          "timed out after " + timeout + " waiting for " + key.ToString() +
          (awaited ? ": it is not there" : "; it goes on: `lockstep describe` shows it")));
    }
    SystemClock().SleepFor(kPoll);
  }
}

int Wait(const WaitOptions& options, const VerbContext& context) {
  if (options.selection.words.empty()) {
    Fail(InvalidArgument("name what to wait for: KIND/NAME, or KIND with -l or --all"));
    return kExitUsage;
  }
  if (const Status wrong = CheckSelection(options.selection); !wrong.ok()) return Fail(wrong);
  const Result<WaitCondition> wanted = ParseWaitCondition(options.for_);
  if (!wanted.ok()) return Fail(wanted.status());
  // For ever, in effect; max() would overflow when compared.
  Result<milliseconds> timeout = milliseconds(std::chrono::years(10));
  if (!options.timeout.empty()) timeout = ParseDuration(options.timeout);
  if (!timeout.ok()) return Fail(timeout.status().WithContext("--timeout"));
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const Result<std::vector<ObjectKey>> keys = SelectObjects(client, options.selection);
  if (!keys.ok()) return Fail(keys.status());
  if (keys->empty() && wanted->kind != WaitCondition::Kind::kGone) {
    return Fail(NotFound("nothing matches: there is nothing to wait for"));
  }
  const MonotonicTime end = SystemClock().Monotonic() + *timeout;
  int code = kExitSuccess;  // the first one that is not
  for (const ObjectKey& key : *keys) {
    const int one = WaitForOne(client, key, *wanted, end, options.timeout);
    if (code == kExitSuccess) code = one;
  }
  return code;
}

}  // namespace

void AddWaitVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<WaitOptions>();
  CLI::App* verb = app.add_subcommand("wait", "Wait until objects have a condition, or are gone");
  verb->footer(
      "Examples:\n  lockstep wait exp/random --for=condition=Succeeded --timeout 2h\n"
      "  lockstep wait exp/random --for=jsonpath='{.status.trialsSucceeded}'=5\n"
      "  lockstep wait pytorchjob/mnist --for=condition=Succeeded");
  AddSelection(*verb, options->selection, /*with_files=*/false);
  verb->add_option("--for", options->for_, kWaitConditions)->required();
  verb->add_option("--timeout", options->timeout, "30s, 5m, 2h for all; for ever when left out");
  verb->callback([options, &context] {
    OnInterruptSay("no longer waiting; nothing was changed. The same command waits again");
    context.exit_code = Wait(*options, context);
  });
}

}  // namespace lockstep
