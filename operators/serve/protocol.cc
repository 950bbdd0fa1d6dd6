#include "operators/serve/protocol.h"

#include <array>

namespace lockstep {
namespace {

struct KindRow {
  StatusKind kind;
  int code;
  const char* reason;  // Kubernetes' words where it has one
};
constexpr std::array<KindRow, 9> kRows = {{
    {StatusKind::kNotFound, 404, "NotFound"},
    {StatusKind::kAlreadyExists, 409, "AlreadyExists"},
    {StatusKind::kConflict, 409, "Conflict"},
    {StatusKind::kInvalidArgument, 422, "Invalid"},
    {StatusKind::kFailedPrecondition, 412, "FailedPrecondition"},
    {StatusKind::kUnavailable, 503, "ServiceUnavailable"},
    {StatusKind::kDeadlineExceeded, 504, "Timeout"},
    {StatusKind::kAborted, 500, "Aborted"},
    {StatusKind::kInternal, 500, "InternalError"},
}};

const KindRow& RowOf(StatusKind kind) {
  for (const KindRow& row : kRows) {
    if (row.kind == kind) return row;
  }
  CHECK(false) << "no HTTP code for " << StatusKindName(kind);
}

}  // namespace

std::string ApiPath(const KindName& kind) {
  const bool grouped = kind.api_version.find('/') != std::string_view::npos;
  return (grouped ? "/apis/" : "/api/") + std::string(kind.api_version);
}

int HttpCodeOf(StatusKind kind) { return RowOf(kind).code; }

Json EncodeStatus(const Status& status, const std::vector<Finding>& findings) {
  const KindRow& row = RowOf(status.kind());
  Json json = {{"apiVersion", "v1"}, {"kind", "Status"},     {"status", "Failure"},
               {"code", row.code},   {"reason", row.reason}, {"message", status.message()}};
  for (const Finding& finding : findings) {
    json["details"]["causes"].push_back(
        {{"field", finding.path}, {"message", finding.message}, {"reason", "FieldValueInvalid"}});
  }
  return json;
}

Status DecodeStatus(int http_code, std::string_view body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.value("kind", Json()) == "Status") {
    const Json message = json.value("message", Json());
    for (const KindRow& row : kRows) {
      if (json.value("reason", Json()) == row.reason && message.is_string()) {
        return {row.kind, message.get<std::string>()};
      }
    }
  }
  return Internal("the operator answered HTTP " + std::to_string(http_code) +
                  " without saying why: " + std::string(body.substr(0, 200)));
}

}  // namespace lockstep
