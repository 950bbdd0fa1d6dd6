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
  std::string kind;
  std::string name;
  std::string output;
  std::string namespace_ = kDefaultNamespace;
  std::string selector;
  bool all_namespaces = false;
  bool watch = false;
};

void PrintList(const std::vector<Object>& objects, const GetOptions& options, bool with_header) {
  if (options.output == "name") {
    for (const Object& object : objects) std::printf("%s\n", TypedName(object).c_str());
    return;
  }
  const Table table = MakeObjectTable(objects, {.wide = options.output == "wide",
                                                .with_namespace = options.all_namespaces,
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

int GetList(ObjectClient& client, const ListFilter& filter, const GetOptions& options) {
  const Result<std::vector<Object>> objects = client.List(filter);
  if (!objects.ok()) return Fail(objects.status());
  if (!IsText(options.output)) {
    Json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
    for (const Object& object : *objects) list["items"].push_back(EncodeObject(object));
    PrintValue(list, options.output);
    return kExitSuccess;
  }
  PrintList(*objects, options, true);
  if (objects->empty() && options.output != "name") {
    const std::string where = filter.namespace_.empty() ? "" : " in namespace " + filter.namespace_;
    std::fprintf(stderr, "No %s found%s.\n", options.kind.c_str(), where.c_str());
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

int Get(const GetOptions& options, const VerbContext& context) {
  const Result<KindName> kind = FindKind(options.kind);
  if (!kind.ok()) return Fail(kind.status());
  const Result<Labels> labels = ParseLabels(options.selector);
  if (!labels.ok()) return Fail(labels.status());
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const ListFilter filter{std::string(kind->kind), options.all_namespaces ? "" : options.namespace_,
                          *labels};
  if (options.watch) return WatchList(client, filter, options);
  if (options.name.empty()) return GetList(client, filter, options);
  return GetOne(client, {filter.kind, options.namespace_, options.name}, options);
}

}  // namespace

void AddGetVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* verb = app.add_subcommand("get", "Show objects");
  verb->add_option("kind", options->kind, "experiments, suggestions, trials, trainingjobs")
      ->required();
  verb->add_option("name", options->name, "One object instead of all");
  verb->add_option("-o,--output", options->output, "json, yaml, wide or name")
      ->check(CLI::IsMember({"json", "yaml", "wide", "name"}));
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_flag("-A,--all-namespaces", options->all_namespaces, "All namespaces");
  verb->add_option("-l,--selector", options->selector, "Labels: a=b,c=d");
  verb->add_flag("-w,--watch", options->watch, "Go on showing what changes");
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; nothing was changed");
    context.exit_code = Get(*options, context);
  });
}

}  // namespace lockstep
