#include "cli/object_client.h"

#include <algorithm>
#include <array>

#include "operators/api/job_kind.h"
#include "operators/serve/protocol.h"

namespace lockstep {
namespace {

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      constexpr char kDigits[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

// Jobs of all kinds are kept as TrainingJobs.
std::string KeptKind(const std::string& kind) {
  return IsJobKind(kind) ? TrainingJob::kKind : kind;
}

bool IsMeant(const Object& object, const std::string& kind) {
  const auto* job = std::get_if<TrainingJob>(&object);
  return job == nullptr || IsOfKind(*job, kind);
}

Result<std::string> CollectionTarget(const std::string& kind, const std::string& namespace_) {
  LOCKSTEP_ASSIGN_OR_RETURN(const KindName name, FindKind(KeptKind(kind)));
  std::string target = ApiPath(name);
  if (!namespace_.empty()) target += "/namespaces/" + PercentEncode(namespace_);
  return target + "/" + std::string(name.plural);
}

Result<std::string> ObjectTarget(const ObjectKey& key) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string target, CollectionTarget(key.kind, key.namespace_));
  return target + "/" + PercentEncode(key.name);
}

Result<std::string> ListTarget(const ListFilter& filter) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::string target, CollectionTarget(filter.kind, filter.namespace_));
  std::string selector;
  for (const auto& [name, value] : filter.labels) {
    selector += (selector.empty() ? "" : ",") + name + "=" + value;
  }
  return target + "?labelSelector=" + PercentEncode(selector);
}

Result<Json> ParseBody(const std::string& body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Internal("the operator's answer is no JSON");
  return json;
}

Result<Object> ObjectOf(const SessionReply& reply) {
  if (!reply.ok()) return reply.status();
  LOCKSTEP_ASSIGN_OR_RETURN(const Json json, ParseBody(reply.http.body));
  return DecodeObject(json);
}

std::string BodyOf(const Object& object) {
  return EncodeObject(object).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

bool SameIntent(const Object& a, const Object& b) {
  const auto intent = [](const Object& object) {
    Json json = EncodeObject(object);
    Labels annotations = MetaOf(object).annotations;
    annotations.erase(kWorkingDirAnnotation);
    annotations.erase(kPathAnnotation);
    json.erase("metadata");
    json.erase("status");
    if (std::holds_alternative<TrainingJob>(object) && json["spec"].contains("source")) {
      json["spec"]["source"].erase("metadata");  // which the object has itself
      json["spec"]["source"].erase("status");
    }
    return std::array<Json, 3>{json, MetaOf(object).labels, annotations};
  };
  return intent(a) == intent(b);
}

Result<Object> ObjectClient::Get(const ObjectKey& key) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string target, ObjectTarget(key));
  LOCKSTEP_ASSIGN_OR_RETURN(const SessionReply reply, session_.Call("GET", target));
  Result<Object> object = ObjectOf(reply);
  if (!IsJobKind(key.kind)) return object;
  if (object.status().kind() == StatusKind::kNotFound) return NotFound("no " + key.ToString());
  if (!object.ok() || IsMeant(*object, key.kind)) return object;
  return NotFound("no " + key.ToString() + ": there is a job of that name, " +
                  AppliedKey(*object).ToString());
}

Result<std::vector<Object>> ObjectClient::List(const ListFilter& filter) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string target, ListTarget(filter));
  LOCKSTEP_ASSIGN_OR_RETURN(const SessionReply reply, session_.Call("GET", target));
  if (!reply.ok()) return reply.status();
  LOCKSTEP_ASSIGN_OR_RETURN(const Json json, ParseBody(reply.http.body));
  std::vector<Object> objects;
  if (json.contains("items")) {
    for (const Json& item : json["items"]) {
      LOCKSTEP_ASSIGN_OR_RETURN(Object object, DecodeObject(item));
      if (IsMeant(object, filter.kind)) objects.push_back(std::move(object));
    }
  }
  return objects;
}

Result<Object> ObjectClient::Create(const Object& object, bool dry_run) {
  const ObjectKey key = KeyOf(object);
  LOCKSTEP_ASSIGN_OR_RETURN(std::string target, CollectionTarget(key.kind, key.namespace_));
  if (dry_run) target += "?dryRun=All";
  LOCKSTEP_ASSIGN_OR_RETURN(const SessionReply reply,
                            session_.Call("POST", target, BodyOf(object)));
  Result<Object> created = ObjectOf(reply);
  if (reply.repeated && created.status().kind() == StatusKind::kAlreadyExists) {
    Result<Object> there = Get(key);
    if (there.ok() && SameIntent(*there, object)) return there;
  }
  return created;
}

Result<Object> ObjectClient::Update(const Object& object, bool dry_run) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::string target, ObjectTarget(KeyOf(object)));
  if (dry_run) target += "?dryRun=All";
  LOCKSTEP_ASSIGN_OR_RETURN(const SessionReply reply, session_.Call("PUT", target, BodyOf(object)));
  Result<Object> updated = ObjectOf(reply);
  if (reply.repeated && updated.status().kind() == StatusKind::kConflict) {
    Result<Object> there = Get(KeyOf(object));
    if (there.ok() && SameIntent(*there, object)) return there;
  }
  return updated;
}

Status ObjectClient::Delete(const ObjectKey& key) {
  if (IsJobKind(key.kind)) {  // only one that was applied as this kind
    LOCKSTEP_ASSIGN_OR_RETURN(const Object job, Get(key));
    return Delete(KeyOf(job));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string target, ObjectTarget(key));
  LOCKSTEP_ASSIGN_OR_RETURN(const SessionReply reply, session_.Call("DELETE", target));
  if (reply.ok()) return OkStatus();
  Status status = reply.status();
  if (reply.repeated && status.kind() == StatusKind::kNotFound) return OkStatus();
  return status;
}

Result<Json> ObjectClient::Metrics(const ObjectKey& trial) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string target, ObjectTarget(trial));
  LOCKSTEP_ASSIGN_OR_RETURN(const SessionReply reply, session_.Call("GET", target + "/metrics"));
  if (!reply.ok()) return reply.status();
  LOCKSTEP_ASSIGN_OR_RETURN(const Json json, ParseBody(reply.http.body));
  return json.value("items", Json::array());
}

Status ObjectClient::Watch(const ListFilter& filter, std::chrono::milliseconds timeout,
                           const std::function<bool(Change::Kind, const Object&)>& on_change) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string target, ListTarget(filter));
  Status broken;
  const Status watched = session_.Watch(target + "&watch=1", timeout, [&](const Json& event) {
    if (!event.contains("object") || !event.contains("type")) return true;
    const Result<Object> object = DecodeObject(event["object"]);
    if (!object.ok()) {
      broken = object.status();
      return false;
    }
    if (!IsMeant(*object, filter.kind)) return true;
    const Change::Kind kind = event["type"] == "DELETED" ? Change::Kind::kDeleted
                              : event["type"] == "ADDED" ? Change::Kind::kAdded
                                                         : Change::Kind::kModified;
    return on_change(kind, *object);
  });
  return broken.ok() ? watched : broken;
}

}  // namespace lockstep
