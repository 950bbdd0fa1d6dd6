// lockstep get: one object, or a list of them, as a table, names, JSON or YAML; -w goes on showing
// what changes.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_table.h"
#include "cli/verb.h"
#include "operators/codec/document.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct GetOptions {
  std::string kind;  // or "all", or KIND/NAME
  std::string name;
  std::string output;
  std::string namespace_ = kDefaultNamespace;
  std::string selector;
  bool all_namespaces = false;
  bool watch = false;
};

bool IsAll(const GetOptions& options) { return options.kind == "all"; }

void PrintList(const std::vector<Object>& objects, const GetOptions& options, bool with_header) {
  if (options.output == "name") {
    for (const Object& object : objects) std::printf("%s\n", TypedName(object).c_str());
    return;
  }
  const Table table = MakeObjectTable(objects, {.wide = options.output == "wide",
                                                .with_namespace = options.all_namespaces,
                                                .with_kind = IsAll(options),
                                                .now = SystemClock().Now()});
  std::string text = FormatTable(table);
  if (!with_header) text.erase(0, text.find('\n') + 1);
  std::fputs(text.c_str(), stdout);
}

void PrintValue(const Json& value, const std::string& output) {
  const std::string text = output == "json"
                               ? value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                               : ToYaml(value);
  std::fputs(text.c_str(), stdout);
}

bool IsText(const std::string& output) {
  return output.empty() || output == "wide" || output == "name";
}

int GetOne(ObjectClient& client, const ObjectKey& key, const GetOptions& options) {
  const Result<Object> object = client.Get(key);
  if (!object.ok()) return Fail(object.status());
  if (IsText(options.output)) {
    PrintList({*object}, options, true);
  } else {
    PrintValue(EncodeObject(*object), options.output);
  }
  return kExitSuccess;
}

// One table for each kind.
int GetLists(ObjectClient& client, const std::vector<KindName>& kinds, ListFilter filter,
             const GetOptions& options) {
  Json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
  bool any = false;
  for (const KindName& kind : kinds) {
    filter.kind = kind.kind;
    const Result<std::vector<Object>> objects = client.List(filter);
    if (!objects.ok()) return Fail(objects.status());
    if (objects->empty()) continue;
    if (!IsText(options.output)) {
      for (const Object& object : *objects) list["items"].push_back(EncodeObject(object));
    } else {
      if (any && options.output != "name") std::puts("");
      PrintList(*objects, options, true);
    }
    any = true;
  }
  if (!IsText(options.output)) {
    PrintValue(list, options.output);
  } else if (!any && options.output != "name") {
    const std::string where = filter.namespace_.empty() ? "" : " in namespace " + filter.namespace_;
    const std::string what = IsAll(options) ? "objects" : std::string(kinds.front().plural);
    std::fprintf(stderr, "No %s found%s.\n", what.c_str(), where.c_str());
  }
  return kExitSuccess;
}

int WatchList(ObjectClient& client, const ListFilter& filter, const GetOptions& options) {
  bool first = true;
  const Status status =
      client.Watch(filter, std::chrono::milliseconds(0), [&](Change::Kind, const Object& object) {
        if (!options.name.empty() && MetaOf(object).name != options.name) return true;
        if (IsText(options.output)) {
          PrintList({object}, options, first);
        } else {
          if (options.output == "yaml") std::puts("---");
          PrintValue(EncodeObject(object), options.output);
        }
        first = false;
        return std::fflush(stdout) == 0;  // nobody reads any more
      });
  return status.ok() ? kExitSuccess : Fail(status);
}

// The kinds asked for; moves the name out of KIND/NAME.
Result<std::vector<KindName>> ReadKinds(GetOptions& options) {
  if (options.name.empty() && options.kind.find('/') != std::string::npos) {
    LOCKSTEP_ASSIGN_OR_RETURN(const ObjectKey key,
                              ParseObjectName(options.kind, options.namespace_));
    options.kind = key.kind;
    options.name = key.name;
  }
  if (!options.name.empty() && (options.all_namespaces || IsAll(options))) {
    return InvalidArgument(
        "one object is of one kind and in one namespace: name them, as in "
        "`lockstep get trial " +
        options.name + " -n " + options.namespace_ + "`");
  }
  if (!options.name.empty() && !options.selector.empty()) {
    return InvalidArgument("give either the name of an object or a selector");
  }
  if (!IsAll(options)) {
    LOCKSTEP_ASSIGN_OR_RETURN(const KindName kind, FindKind(options.kind));
    return std::vector<KindName>{kind};
  }
  if (options.watch) return InvalidArgument("--watch shows one kind: name it instead of all");
  return KindNames();
}

int Get(GetOptions options, const VerbContext& context) {
  const Result<std::vector<KindName>> kinds = ReadKinds(options);
  if (!kinds.ok()) return Fail(kinds.status());
  const Result<Labels> labels = ParseLabels(options.selector);
  if (!labels.ok()) return Fail(labels.status());
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const ListFilter filter{std::string(kinds->front().kind),
                          options.all_namespaces ? "" : options.namespace_, *labels};
  if (options.watch) return WatchList(client, filter, options);
  if (options.name.empty()) return GetLists(client, *kinds, filter, options);
  return GetOne(client, {filter.kind, options.namespace_, options.name}, options);
}

}  // namespace

void AddGetVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* verb = app.add_subcommand("get", "Show objects");
  verb->add_option(
          "kind", options->kind,
          "experiments, suggestions, trials, trainingjobs, configmaps or all; or KIND/NAME")
      ->required();
  verb->add_option("name", options->name, "One object instead of all");
  verb->add_option("-o,--output", options->output, "json, yaml, wide or name")
      ->check(CLI::IsMember({"json", "yaml", "wide", "name"}));
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_flag("-A,--all-namespaces", options->all_namespaces, "All namespaces");
  verb->add_option("-l,--selector", options->selector, "Labels: a=b,c=d");
  verb->add_flag("-w,--watch", options->watch, "Go on showing what changes");
  verb->callback([options, &context] {
    OnInterruptSay(options->watch ? "no longer watching; nothing was changed"
                                  : "interrupted; nothing was changed");
    context.exit_code = Get(*options, context);
  });
}

}  // namespace lockstep
