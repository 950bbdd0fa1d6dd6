// lockstep events: what has happened to an object and to all that belongs to it, in order.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/event_list.h"
#include "cli/interrupt.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/verb.h"
#include "operators/api/job_kind.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kPoll(500);

struct EventsOptions {
  std::string object;
  std::string for_;
  std::string namespace_ = kDefaultNamespace;
  std::string types;
  std::string output;
  bool all_namespaces = false;
  bool watch = false;
  bool no_headers = false;
};

// Whether `object` is `key` or belongs to it: an Experiment's children carry its name, a Trial's
// job has the Trial's own.
bool BelongsTo(const Object& object, const ObjectKey& key) {
  const ObjectMeta& meta = MetaOf(object);
  if (KeyOf(object) == key) return true;
  const auto* job = std::get_if<TrainingJob>(&object);
  if (job != nullptr && IsJobKind(key.kind)) {
    return IsOfKind(*job, key.kind) && meta.name == key.name && meta.namespace_ == key.namespace_;
  }
  const auto label = meta.labels.find(kExperimentLabel);
  if (key.kind == Experiment::kKind) return label != meta.labels.end() && label->second == key.name;
  return key.kind == Trial::kKind && KindOf(object) == TrainingJob::kKind && meta.name == key.name;
}

Result<std::vector<ObjectEvent>> Gather(ObjectClient& client, const std::optional<ObjectKey>& key,
                                        const EventsOptions& options) {
  std::vector<Object> objects;
  const std::string namespace_ = options.all_namespaces ? "" : options.namespace_;
  if (key) LOCKSTEP_RETURN_IF_ERROR(client.Get(*key).status());
  for (const KindName& kind : KindNames()) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::vector<Object> some,
                              client.List({std::string(kind.kind), namespace_, {}}));
    for (Object& object : some) {
      if (!key || BelongsTo(object, *key)) objects.push_back(std::move(object));
    }
  }
  std::vector<ObjectEvent> events = EventsOf(objects);
  std::erase_if(events, [&](const ObjectEvent& event) {
    return !options.types.empty() && options.types != (event.is_warning ? "Warning" : "Normal");
  });
  return events;
}

std::string Text(const std::vector<ObjectEvent>& events, const EventsOptions& options,
                 bool with_header) {
  if (options.output == "json") {
    std::string text;
    for (const ObjectEvent& event : events) {
      const Json line = {{"time", FormatTime(event.time)},
                         {"type", event.is_warning ? "Warning" : "Normal"},
                         {"reason", event.reason},
                         {"object",
                          {{"kind", event.object.kind},
                           {"namespace", event.object.namespace_},
                           {"name", event.object.name}}},
                         {"message", event.message}};
      text += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    return text;
  }
  std::string text =
      FormatTable(MakeEventTable(events, options.all_namespaces, SystemClock().Now()));
  return with_header ? text : WithoutHeader(std::move(text));
}

// What is new since the last look, for as long as somebody reads it.
Status Watch(ObjectClient& client, const std::optional<ObjectKey>& key,
             const EventsOptions& options) {
  std::vector<ObjectEvent> seen;
  for (bool first = !options.no_headers;; SystemClock().SleepFor(kPoll)) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::vector<ObjectEvent> events, Gather(client, key, options));
    std::vector<ObjectEvent> fresh;
    for (const ObjectEvent& event : events) {
      if (std::ranges::find(seen, event) == seen.end()) fresh.push_back(event);
    }
    seen = std::move(events);
    if (fresh.empty()) continue;
    std::fputs(Text(fresh, options, first).c_str(), stdout);
    first = false;
    if (std::fflush(stdout) != 0) return OkStatus();
  }
}

Status Events(const EventsOptions& options, const VerbContext& context) {
  std::optional<ObjectKey> key;
  if (!options.object.empty() && !options.for_.empty()) {
    return InvalidArgument("name the object once, in front or with --for");
  }
  const std::string& name = options.object.empty() ? options.for_ : options.object;
  if (!name.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(key, ParseObjectName(name, options.namespace_));
    if (options.all_namespaces) {
      return InvalidArgument(name + " is in one namespace: leave out --all-namespaces");
    }
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, OpenSession(context));
  ObjectClient client(*session);
  if (options.watch) return Watch(client, key, options);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<ObjectEvent> events, Gather(client, key, options));
  if (events.empty()) std::fprintf(stderr, "No events found.\n");
  std::fputs(Text(events, options, !options.no_headers).c_str(), stdout);
  return OkStatus();
}

}  // namespace

void AddEventsVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<EventsOptions>();
  CLI::App* verb = app.add_subcommand(
      "events", "Tell in order what has happened, by the conditions of the objects");
  verb->footer("Examples:\n  lockstep events exp/random\n  lockstep events --types Warning -w");
  verb->add_option("object", options->object,
                   "KIND/NAME: of it and of all that belongs to it; everything when left out");
  verb->add_option("--for", options->for_, "The same, as kubectl has it");
  verb->add_option("--types", options->types, "Only Normal or only Warning")
      ->check(CLI::IsMember({"Normal", "Warning"}));
  verb->add_option("-o,--output", options->output, "json: an object a line")
      ->check(CLI::IsMember({"json"}));
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_flag("-A,--all-namespaces", options->all_namespaces, "All namespaces");
  verb->add_flag("--no-headers", options->no_headers, "No line with the names of the columns");
  verb->add_flag("-w,--watch", options->watch, "Go on telling what happens");
  verb->callback([options, &context] {
    OnInterruptSay(options->watch ? "no longer watching; nothing was changed"
                                  : "interrupted; nothing was changed");
    const Status status = Events(*options, context);
    context.exit_code = status.ok() ? kExitSuccess : Fail(status);
  });
}

}  // namespace lockstep
