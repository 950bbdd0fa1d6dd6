#include "operators/serve/router.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/api/job_kind.h"
#include "operators/serve/protocol.h"
#include "operators/store/config_maps.h"
#include "operators/store/runtimes.h"

namespace lockstep {

struct Router::Route {
  std::string path;
  std::map<std::string, std::string> query;
  KindName kind;
  std::string namespace_;  // empty: all
  std::string name;        // empty: the collection
  std::string part;        // "metrics", or empty

  ObjectKey key() const { return {std::string(kind.kind), namespace_, name}; }
  bool dry_run() const {
    const auto found = query.find("dryRun");
    return found != query.end() && found->second == "All";
  }
};

namespace {

HttpResponse Failure(const Status& status, const std::vector<Finding>& findings = {}) {
  return {HttpCodeOf(status.kind()), EncodeStatus(status, findings), std::nullopt};
}

HttpResponse Answer(const Result<ObjectPtr>& result, int code = 200) {
  if (!result.ok()) return Failure(result.status());
  return {code, EncodeObject(**result), std::nullopt};
}

Result<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned value = 0;
    const char* begin = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) {
      return InvalidArgument("'" + std::string(text) + "' has a % without two hex digits after it");
    }
    decoded += static_cast<char>(value);
    i += 2;
  }
  return decoded;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<Labels> ParseSelector(const std::string& selector) {
  Labels labels;
  for (const std::string_view term : Split(selector, ',')) {
    const std::size_t equals = term.find('=');
    if (equals == 0 || equals == std::string_view::npos || term[equals - 1] == '!') {
      return InvalidArgument("label selector '" + selector +
                             "': only NAME=VALUE terms, separated by commas, are known");
    }
    std::string_view value = term.substr(equals + 1);
    if (value.starts_with('=')) value.remove_prefix(1);  // a==b
    labels.emplace(term.substr(0, equals), value);
  }
  return labels;
}

Status Rejection(const ObjectKey& key, std::string_view why, const std::vector<Finding>& findings) {
  const bool valid = std::ranges::all_of(findings, [](const Finding& finding) {
    return finding.unsupported || finding.severity == Finding::Severity::kWarning;
  });
  if (valid) why = "is valid, but this version cannot run it on one machine";
  std::string message = key.ToString() + " " + std::string(why) + ":";
  for (const Finding& finding : findings) message += "\n  " + finding.path + ": " + finding.message;
  return InvalidArgument(std::move(message));
}

struct Admitted {
  Object object;
  Document document;
  std::vector<Finding> findings;
};

// Nothing that a dry run would have created is there for it to find.
ConfigMapLookup Tolerant(const ConfigMapLookup& config_maps) {
  return [config_maps](const std::string& namespace_, const std::string& name) {
    Result<ConfigMap> map = config_maps(namespace_, name);
    if (map.status().kind() != StatusKind::kNotFound) return map;
    return Result<ConfigMap>(Unavailable("there is no ConfigMap " + namespace_ + "/" + name));
  };
}

// Body -> object with defaults and what is wrong with it; the path decides kind, namespace, name.
Result<Admitted> Admit(const ObjectKey& key, const std::string& body,
                       const ConfigMapLookup& config_maps, const RuntimeLookup& runtimes) {
  LOCKSTEP_ASSIGN_OR_RETURN(Document document, ParseJson(body, "request"));
  LOCKSTEP_ASSIGN_OR_RETURN(Decoded decoded, Decode(document));
  Admitted admitted{std::move(decoded.object), std::move(document), std::move(decoded.findings)};
  ObjectMeta& meta = MetaOf(admitted.object);
  if (meta.namespace_.empty()) meta.namespace_ = key.namespace_;
  ObjectKey expected = key;
  if (expected.name.empty()) expected.name = meta.name;
  if (KeyOf(admitted.object) != expected) {
    return InvalidArgument("the path is of " + expected.ToString() + ", the body is " +
                           KeyOf(admitted.object).ToString());
  }
  SetDefaults(admitted.object);
  if (!HasErrors(admitted.findings)) {  // rules over what did not decode would only repeat it
    std::vector<Finding> more = Validate(admitted.object, admitted.document, config_maps, runtimes);
    admitted.findings.insert(admitted.findings.end(), more.begin(), more.end());
  }
  return admitted;
}

}  // namespace

Result<Router::Route> Router::ParseTarget(const std::string& target) {
  Route route;
  const std::size_t question = std::min(target.find('?'), target.size());
  route.path = target.substr(0, question);
  if (question < target.size()) {
    for (const std::string_view term : Split(std::string_view(target).substr(question + 1), '&')) {
      const std::size_t equals = std::min(term.find('='), term.size());
      LOCKSTEP_ASSIGN_OR_RETURN(std::string name, PercentDecode(term.substr(0, equals)));
      const auto rest = term.substr(std::min(equals + 1, term.size()));
      LOCKSTEP_ASSIGN_OR_RETURN(route.query[name], PercentDecode(rest));
    }
  }
  if (route.path == "/version") return route;
  std::vector<std::string> parts;
  for (const std::string_view part : Split(route.path, '/')) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::string decoded, PercentDecode(part));
    parts.push_back(std::move(decoded));
  }
  const Status unknown = NotFound("there is nothing at " + route.path);
  const bool core = !parts.empty() && parts[0] == "api";  // /api/v1
  std::size_t next = core ? 2 : 3;
  if (parts.size() <= next || (!core && parts[0] != "apis")) return unknown;
  const std::string api_path =
      route.path.substr(0, core ? 5 + parts[1].size() : 7 + parts[1].size() + parts[2].size());
  if (parts[next] == "namespaces" && parts.size() >= next + 3) {
    route.namespace_ = parts[next + 1];
    next += 2;
  }
  const auto kind = std::ranges::find_if(KindNames(), [&](const KindName& known) {
    return known.plural == parts[next] && ApiPath(known) == api_path;
  });
  if (kind == KindNames().end()) return unknown;
  route.kind = *kind;
  if (parts.size() > next + 1) route.name = parts[next + 1];
  if (parts.size() > next + 2) route.part = parts[next + 2];
  const bool has_metrics = route.part.empty() || (route.part == "metrics" && kind->kind == "Trial");
  if (parts.size() > next + 3 || !has_metrics || (!route.name.empty() && route.namespace_.empty()))
    return unknown;
  return route;
}

HttpResponse Router::List(const Route& route) const {
  ListFilter filter{std::string(route.kind.kind), route.namespace_, {}};
  if (const auto selector = route.query.find("labelSelector"); selector != route.query.end()) {
    Result<Labels> labels = ParseSelector(selector->second);
    if (!labels.ok()) return Failure(labels.status());
    filter.labels = *std::move(labels);
  }
  if (const auto watch = route.query.find("watch");
      watch != route.query.end() && (watch->second == "1" || watch->second == "true")) {
    return {200, Json(), std::move(filter)};
  }
  const Result<std::vector<ObjectPtr>> objects = store_.List(filter);
  if (!objects.ok()) return Failure(objects.status());
  Json list = {{"apiVersion", route.kind.api_version},
               {"kind", filter.kind + "List"},
               {"items", Json::array()}};
  for (const ObjectPtr& object : *objects) list["items"].push_back(EncodeObject(*object));
  return {200, std::move(list), std::nullopt};
}

ConfigMapLookup Router::ConfigMapsFor(const Route& route) const {
  const ConfigMapLookup config_maps = ConfigMapsOf(store_);
  return route.dry_run() ? Tolerant(config_maps) : config_maps;
}

HttpResponse Router::Create(const Route& route, const std::string& body) const {
  Result<Admitted> admitted = Admit(route.key(), body, ConfigMapsFor(route), RuntimesOf(store_));
  if (!admitted.ok()) return Failure(admitted.status());
  if (HasErrors(admitted->findings)) {
    return Failure(Rejection(AppliedKey(admitted->object), "is not valid", admitted->findings),
                   admitted->findings);
  }
  if (!route.dry_run()) return Answer(store_.Create(std::move(admitted->object)), 201);
  if (const ObjectKey key = KeyOf(admitted->object); store_.Get(key).ok()) {
    return Failure(AlreadyExists(key.ToString() + " exists already"));
  }
  return {201, EncodeObject(admitted->object), std::nullopt};
}

HttpResponse Router::Replace(const Route& route, const std::string& body) const {
  Result<Admitted> admitted = Admit(route.key(), body, ConfigMapsFor(route), RuntimesOf(store_));
  if (!admitted.ok()) return Failure(admitted.status());
  const Result<ObjectPtr> before = store_.Get(route.key());
  if (!before.ok()) return Failure(before.status());
  if (HasErrors(admitted->findings)) {
    return Failure(Rejection(AppliedKey(admitted->object), "is not valid", admitted->findings),
                   admitted->findings);
  }
  const std::vector<Finding> changes =
      ValidateUpdate(**before, admitted->object, admitted->document);
  if (HasErrors(changes)) {
    return Failure(Rejection(AppliedKey(admitted->object), "cannot be changed like this", changes),
                   changes);
  }
  if (MetaOf(admitted->object).resource_version.empty()) {
    return Failure(InvalidArgument(route.key().ToString() +
                                   ": metadata.resourceVersion is missing: read the object, change "
                                   "it, and send it back with the version it had"));
  }
  if (route.dry_run()) return {200, EncodeObject(admitted->object), std::nullopt};
  return Answer(store_.Update(std::move(admitted->object)));
}

HttpResponse Router::Metrics(const Route& route) const {
  const Result<ObjectPtr> trial = store_.Get(route.key());
  if (!trial.ok()) return Failure(trial.status());
  const auto name = route.query.find("name");
  const Result<std::vector<MetricRow>> rows = observations_.Rows(
      MetaOf(**trial).uid, name == route.query.end() ? std::string() : name->second);
  if (!rows.ok()) return Failure(rows.status());
  Json list = {{"kind", "MetricList"}, {"items", Json::array()}};
  for (const MetricRow& row : *rows) {
    list["items"].push_back(
        {{"name", row.name}, {"value", row.value}, {"time", row.time}, {"step", row.step}});
  }
  return {200, std::move(list), std::nullopt};
}

HttpResponse Router::Handle(const HttpRequest& request) const {
  const Result<Route> route = ParseTarget(request.target);
  if (!route.ok()) return Failure(route.status());
  const std::string& method = request.method;
  if (route->path == "/version" && method == "GET") {
    return {200,
            {{"version", info_.version},
             {"protocol", kProtocolVersion},
             {"stateDirectory", info_.state_dir},
             {"pid", info_.pid},
             {"settings", info_.settings}},
            std::nullopt};
  }
  if (!route->part.empty()) {
    if (method == "GET") return Metrics(*route);
  } else if (!route->name.empty()) {
    if (method == "GET") return Answer(store_.Get(route->key()));
    if (method == "PUT") return Replace(*route, request.body);
    if (method == "DELETE") {
      const Status status = store_.Delete(route->key());
      if (!status.ok()) return Failure(status);
      return {200, {{"kind", "Status"}, {"status", "Success"}}, std::nullopt};
    }
  } else if (!route->kind.kind.empty()) {
    if (method == "GET") return List(*route);
    if (method == "POST" && !route->namespace_.empty()) return Create(*route, request.body);
  }
  HttpResponse refused = Failure(InvalidArgument(method + " is not possible on " + route->path));
  refused.code = 405;
  return refused;
}

}  // namespace lockstep
