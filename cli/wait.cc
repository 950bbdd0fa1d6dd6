// lockstep wait: until an object has a condition, or is gone.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>

#include "cli/interrupt.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_state.h"
#include "cli/verb.h"
#include "runtime/base/clock.h"
#include "runtime/base/duration.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPoll(100);

struct WaitOptions {
  std::string name;
  std::string namespace_ = kDefaultNamespace;
  std::string for_;
  std::string timeout;
};

struct Wanted {
  bool gone = false;      // --for=delete
  std::string condition;  // --for=condition=TYPE[=STATUS]
  std::string status = "True";
};

Result<Wanted> ParseWanted(const std::string& text) {
  if (text == "delete") return Wanted{.gone = true, .condition = "", .status = ""};
  constexpr std::string_view kPrefix = "condition=";
  if (!text.starts_with(kPrefix) || text.size() == kPrefix.size()) {
    return InvalidArgument("--for='" + text + "': write --for=condition=Succeeded or --for=delete");
  }
  const std::string rest = text.substr(kPrefix.size());
  const std::size_t equals = rest.find('=');
  Wanted wanted{.gone = false, .condition = rest.substr(0, equals), .status = "True"};
  if (equals != std::string::npos) wanted.status = rest.substr(equals + 1);
  return wanted;
}

bool Has(const Object& object, const Wanted& wanted) {
  return std::ranges::any_of(ConditionsOf(object), [&](const Condition& condition) {
    return condition.type == wanted.condition && condition.status == wanted.status;
  });
}

// What there is to say about the object as it is now; nullopt: go on waiting. Asking again and
// again sees the truth whatever happened in between, an operator that was killed included.
std::optional<int> Look(const ObjectKey& key, const Result<Object>& object, const Wanted& wanted,
                        bool was_there) {
  if (object.status().kind() == StatusKind::kNotFound && wanted.gone) {
    std::printf("%s is gone\n", key.ToString().c_str());
    return kExitSuccess;
  }
  if (object.status().kind() == StatusKind::kNotFound && was_there) {
    return Fail(FailedPrecondition(key.ToString() + " was deleted"));
  }
  if (!object.ok()) return Fail(object.status());
  if (wanted.gone) return std::nullopt;
  if (Has(*object, wanted)) {
    std::printf("%s condition met\n", TypedName(*object).c_str());
    return kExitSuccess;
  }
  if (!IsFinished(*object)) return std::nullopt;
  const std::string message = StateMessage(*object);
  return Fail(FailedPrecondition(key.ToString() + " has ended as " + StateOf(*object) +
                                 ", not as " + wanted.condition +
                                 (message.empty() ? "" : ": " + message)));
}

int Wait(const WaitOptions& options, const VerbContext& context) {
  const Result<ObjectKey> key = ParseObjectName(options.name, options.namespace_);
  if (!key.ok()) return Fail(key.status());
  const Result<Wanted> wanted = ParseWanted(options.for_);
  if (!wanted.ok()) return Fail(wanted.status());
  // For ever, in effect; max() would overflow when compared.
  Result<milliseconds> timeout = milliseconds(std::chrono::years(10));
  if (!options.timeout.empty()) timeout = ParseDuration(options.timeout);
  if (!timeout.ok()) return Fail(timeout.status().WithContext("--timeout"));
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const MonotonicTime begin = SystemClock().Monotonic();
  for (bool was_there = false;; was_there = true) {
    if (const auto code = Look(*key, client.Get(*key), *wanted, was_there)) return *code;
    if (SystemClock().Monotonic() - begin >= *timeout) {
      return Fail(DeadlineExceeded("timed out after " + options.timeout + " waiting for " +
                                   key->ToString() + "; it goes on: `lockstep describe` shows it"));
    }
    SystemClock().SleepFor(kPoll);
  }
}

}  // namespace

void AddWaitVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<WaitOptions>();
  CLI::App* verb = app.add_subcommand("wait", "Wait until an object has a condition, or is gone");
  verb->add_option("name", options->name, "KIND/NAME")->required();
  verb->add_option("--for", options->for_, "condition=Succeeded, condition=Failed, ... or delete")
      ->required();
  verb->add_option("--timeout", options->timeout, "30s, 5m, 2h; for ever when left out");
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->callback([options, &context] {
    OnInterruptSay("no longer waiting; nothing was changed. The same command waits again");
    context.exit_code = Wait(*options, context);
  });
}

}  // namespace lockstep
