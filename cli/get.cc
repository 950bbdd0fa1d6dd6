// lockstep get: objects, by name or all of a kind, as a table, names, JSON, YAML, CSV, or in the
// user's own form; -w goes on showing what changes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/label_selector.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_order.h"
#include "cli/object_query.h"
#include "cli/object_table.h"
#include "cli/output_format.h"
#include "cli/shown_object.h"
#include "cli/verb.h"
#include "operators/codec/document.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

using Kind = OutputFormat::Kind;

struct GetOptions {
  std::vector<std::string> words;
  std::string output;
  std::string namespace_ = kDefaultNamespace;
  std::string selector;
  std::string sort_by;
  bool all_namespaces = false;
  bool watch = false;
  bool no_headers = false;
  bool show_labels = false;
};

// The options, understood.
struct GetRequest {
  ObjectQuery query;
  OutputFormat format;
  LabelSelector selector;
  std::optional<JsonPath> sort_by;
  std::string namespace_;  // empty: all
  bool no_headers = false;
  bool show_labels = false;
};

Status CheckTogether(const GetOptions& options, const ObjectQuery& query,
                     const OutputFormat& format) {
  if (!query.keys.empty() && options.all_namespaces) {
    return InvalidArgument("a name is of one kind and in one namespace: `lockstep get trial " +
                           query.keys.front().name + " -n " + options.namespace_ + "`");
  }
  if (!query.keys.empty() && !options.selector.empty()) {
    return InvalidArgument("give either the names of objects or a selector");
  }
  if (!options.watch) return OkStatus();
  if (query.many_kinds()) return InvalidArgument("--watch shows one kind: name it instead of all");
  if (!options.sort_by.empty()) {
    return InvalidArgument("--watch shows changes in the order they happen: leave out --sort-by");
  }
  if (format.kind == Kind::kCsv) {
    return InvalidArgument("-o csv has a column for each metric, and with --watch not all are " +
                           std::string("known: use -o json or custom-columns"));
  }
  return OkStatus();
}

Result<GetRequest> ReadRequest(const GetOptions& options) {
  GetRequest request;
  request.namespace_ = options.all_namespaces ? "" : options.namespace_;
  request.no_headers = options.no_headers;
  request.show_labels = options.show_labels;
  LOCKSTEP_ASSIGN_OR_RETURN(request.query, ParseObjectQuery(options.words, options.namespace_));
  LOCKSTEP_ASSIGN_OR_RETURN(request.format, ParseOutputFormat(options.output));
  LOCKSTEP_ASSIGN_OR_RETURN(request.selector, LabelSelector::Parse(options.selector));
  if (!options.sort_by.empty()) {
    std::string_view path = options.sort_by;
    if (path.starts_with('{') && path.ends_with('}')) path = path.substr(1, path.size() - 2);
    LOCKSTEP_ASSIGN_OR_RETURN(request.sort_by, JsonPath::Parse(path));
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckTogether(options, request.query, request.format));
  return request;
}

Table TableOf(const std::vector<Object>& objects, const GetRequest& request) {
  return MakeObjectTable(objects, {.wide = request.format.kind == Kind::kWide,
                                   .with_namespace = request.namespace_.empty(),
                                   .with_kind = request.query.many_kinds(),
                                   .with_labels = request.show_labels,
                                   .exact = request.format.kind == Kind::kCsv,
                                   .now = SystemClock().Now()});
}

// Of objects of one kind.
std::string RenderKind(const std::vector<Object>& objects, const GetRequest& request,
                       bool with_header) {
  std::string text;
  if (request.format.kind == Kind::kName) {
    for (const Object& object : objects) text += TypedName(object) + "\n";
    return text;
  }
  const Table table = TableOf(objects, request);
  text = request.format.kind == Kind::kCsv ? FormatCsv(table) : FormatTable(table);
  return with_header ? text : WithoutHeader(std::move(text));
}

// Of one object, or of a list of them.
Result<std::string> RenderValue(const Json& value, const GetRequest& request, bool with_header) {
  switch (request.format.kind) {
    case Kind::kYaml: return ToYaml(value);
    case Kind::kJsonPath: return request.format.json_template->Render(value);
    case Kind::kColumns: {
      const bool is_list = value.contains("items");
      const auto rows = is_list ? value["items"].get<std::vector<Json>>() : std::vector{value};
      LOCKSTEP_ASSIGN_OR_RETURN(const Table table, MakeCustomTable(request.format.columns, rows));
      std::string text = FormatTable(table);
      return with_header ? text : WithoutHeader(std::move(text));
    }
    default: return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  }
}

int Print(const Result<std::string>& text) {
  if (!text.ok()) return Fail(text.status());
  std::fwrite(text->data(), 1, text->size(), stdout);
  return kExitSuccess;
}

struct Gathered {
  std::vector<std::vector<Object>> kinds;  // as in the query; each may be empty
  int code = kExitSuccess;                 // not, when some could not be had
};

Result<Gathered> Gather(ObjectClient& client, const GetRequest& request) {
  Gathered gathered;
  for (const KindName& kind : request.query.kinds) {
    std::vector<Object>& objects = gathered.kinds.emplace_back();
    for (const ObjectKey& key : request.query.keys) {
      if (key.kind != kind.kind) continue;
      Result<Object> object = client.Get(key);
      if (object.ok()) {
        objects.push_back(*std::move(object));
      } else {
        gathered.code = Fail(object.status());
      }
    }
    if (request.query.keys.empty()) {
      LOCKSTEP_ASSIGN_OR_RETURN(objects, client.List({std::string(kind.kind), request.namespace_,
                                                      request.selector.Equalities()}));
      std::erase_if(objects, [&](const Object& object) {
        return !request.selector.Matches(MetaOf(object).labels);
      });
    }
    if (request.sort_by) LOCKSTEP_RETURN_IF_ERROR(SortObjects(*request.sort_by, objects));
  }
  return gathered;
}

int PrintValue(const Gathered& gathered, const GetRequest& request) {
  Json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
  for (std::size_t i = 0; i < gathered.kinds.size(); ++i) {
    for (const Object& object : gathered.kinds[i]) {
      list["items"].push_back(ShownObject(object, request.query.kinds[i].kind));
    }
  }
  const bool one = request.query.keys.size() == 1;
  if (one && list["items"].empty()) return gathered.code;
  const int code =
      Print(RenderValue(one ? Json(list["items"][0]) : list, request, !request.no_headers));
  return code == kExitSuccess ? gathered.code : code;
}

// A table for each kind.
int PrintKinds(const Gathered& gathered, const GetRequest& request) {
  bool any = false;
  for (const auto& objects : gathered.kinds) {
    if (objects.empty()) continue;
    if (any && request.format.kind != Kind::kName) std::puts("");
    if (const int code = Print(RenderKind(objects, request, !request.no_headers)); code != 0) {
      return code;
    }
    any = true;
  }
  if (!any && request.query.keys.empty() && request.format.kind != Kind::kName) {
    const std::string where =
        request.namespace_.empty() ? "" : " in namespace " + request.namespace_;
    const std::string what =
        request.query.many_kinds() ? "objects" : std::string(request.query.kinds.front().plural);
    std::fprintf(stderr, "No %s found%s.\n", what.c_str(), where.c_str());
  }
  return gathered.code;
}

int Watch(ObjectClient& client, const GetRequest& request) {
  bool first = !request.no_headers;
  int code = kExitSuccess;
  const std::string kind(request.query.kinds.front().kind);
  const auto is_wanted = [&](const Object& object) {
    const auto& keys = request.query.keys;  // of this kind
    const ObjectMeta& meta = MetaOf(object);
    return request.selector.Matches(meta.labels) &&
           (keys.empty() || std::ranges::any_of(keys, [&](const ObjectKey& key) {
              return key.name == meta.name && key.namespace_ == meta.namespace_;
            }));
  };
  const ListFilter filter{kind, request.namespace_, request.selector.Equalities()};
  const Status status =
      client.Watch(filter, std::chrono::milliseconds(0), [&](Change::Kind, const Object& object) {
        if (!is_wanted(object)) return true;
        if (request.format.kind == Kind::kYaml) std::puts("---");
        code = Print(request.format.by_kind()
                         ? RenderKind({object}, request, first)
                         : RenderValue(ShownObject(object, kind), request, first));
        if (request.format.kind == Kind::kJsonPath) std::puts("");
        first = false;
        return code == kExitSuccess && std::fflush(stdout) == 0;  // else nobody reads any more
      });
  return status.ok() ? code : Fail(status);
}

int Get(const GetOptions& options, const VerbContext& context) {
  const Result<GetRequest> request = ReadRequest(options);
  if (!request.ok()) return Fail(request.status());
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  if (options.watch) return Watch(client, *request);
  const Result<Gathered> gathered = Gather(client, *request);
  if (!gathered.ok()) return Fail(gathered.status());
  return request->format.by_kind() ? PrintKinds(*gathered, *request)
                                   : PrintValue(*gathered, *request);
}

// What is wrong with the option, as CLI11 wants it: "" when nothing is.
std::string WrongFormat(const std::string& text) {
  return ParseOutputFormat(text).status().message();
}

}  // namespace

void AddGetVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* verb = app.add_subcommand("get", "Show objects");
  verb->footer(
      "Examples:\n  lockstep get experiments\n"
      "  lockstep get trials -l katib.kubeflow.org/experiment=random --sort-by "
      ".metadata.creationTimestamp\n"
      "  lockstep get exp/random -o jsonpath='{.status.currentOptimalTrial.bestTrialName}'");
  verb->add_option("objects", options->words,
                   "KIND, KIND NAME..., or KIND/NAME...; kinds: experiments, suggestions, trials, "
                   "jobs (of every kind), pytorchjobs, tfjobs, mpijobs, xgboostjobs, trainjobs, "
                   "..., trainingjobs (what jobs run as), configmaps, secrets, several with "
                   "commas between, or all")
      ->required();
  verb->add_option("-o,--output", options->output, kOutputFormats)->check(WrongFormat);
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_flag("-A,--all-namespaces", options->all_namespaces, "All namespaces");
  verb->add_option("-l,--selector", options->selector,
                   "Labels: a=b, a!=b, a in (b,c), a notin (b,c), a, !a; commas between");
  verb->add_option("--sort-by", options->sort_by, "A field to sort by, as in .status.startTime");
  verb->add_flag("--no-headers", options->no_headers, "No line with the names of the columns");
  verb->add_flag("--show-labels", options->show_labels, "A last column with the labels");
  verb->add_flag("-w,--watch", options->watch, "Go on showing what changes");
  verb->callback([options, &context] {
    OnInterruptSay(options->watch ? "no longer watching; nothing was changed"
                                  : "interrupted; nothing was changed");
    context.exit_code = Get(*options, context);
  });
}

}  // namespace lockstep
