// What the operator and the verbs agree on over operator.sock, besides the objects themselves.
// HTTP/1.1; paths, objects and errors are Kubernetes' (docs/design.md section 5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/decode.h"
#include "runtime/base/status.h"

namespace lockstep {

// Grows when one side would misunderstand the other. GET /version tells it; both sides must be
// equal.
inline constexpr int kProtocolVersion = 2;

// A line of a watch that says nothing but "I live": sent when nothing changed for a while, at most
// this far apart.
inline constexpr char kWatchBookmark[] = "BOOKMARK";
inline constexpr int kWatchBookmarkSeconds = 5;

// Where objects of a kind are: "/apis/GROUP/VERSION", or "/api/v1" for a kind without a group.
std::string ApiPath(const KindName& kind);

int HttpCodeOf(StatusKind kind);
// A Kubernetes Status object: code, reason, message and, for findings, details.causes.
Json EncodeStatus(const Status& status, const std::vector<Finding>& findings = {});
// The inverse. A body that is no Status object is kInternal and quotes the beginning of it.
Status DecodeStatus(int http_code, std::string_view body);

}  // namespace lockstep
