#include "cli/session.h"

#include <algorithm>
#include <thread>

#include "operators/serve/protocol.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr int kAttemptsMax = 100;

// Whether another operator may answer what this one has not.
bool MayRepeat(const Status& status) {
  return status.kind() == StatusKind::kUnavailable || status.kind() == StatusKind::kAborted;
}

}  // namespace

Status SessionReply::status() const { return DecodeStatus(http.code, http.body); }

Status Session::Handshake() {
  const StateDir& dir = options_.state_dir;
  LOCKSTEP_ASSIGN_OR_RETURN(const HttpReply reply, SendHttp({dir.socket_path(), "GET", "/version",
                                                             "", options_.deadline}));
  const Json json = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (reply.code == 503) return Unavailable(DecodeStatus(reply.code, reply.body).message());
  if (reply.code != 200 || !json.is_object() || !json.contains("protocol")) {
    return FailedPrecondition("what answers " + dir.socket_path() +
                              " is no Lockstep operator: HTTP " + std::to_string(reply.code));
  }
  if (json["protocol"] != kProtocolVersion) {
    const std::string pid = json.value("pid", Json()).dump();
    return FailedPrecondition("the operator of " + dir.path + " (pid " + pid + ") is lockstep " +
                              json.value("version", Json()).dump() + " and speaks protocol " +
                              json["protocol"].dump() + "; this is lockstep " + options_.version +
                              " with protocol " + std::to_string(kProtocolVersion) +
                              ": use the same lockstep, or stop that operator (kill " + pid +
                              "; its jobs go on) and try again");
  }
  version_ = json;
  return options_.check ? options_.check(json) : OkStatus();
}

Result<Json> Session::Version() {
  LOCKSTEP_RETURN_IF_ERROR(EnsureOperator());
  return version_;
}

Status Session::EnsureOperator() {
  if (found_) return OkStatus();
  const auto end = SteadyClock::now() + options_.deadline;
  Status why;  // none could be reached so far
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    Status status = Handshake();
    if (status.ok()) {
      found_ = true;
      return status;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(end - SteadyClock::now());
    if (!MayRepeat(status)) return status;
    if (why.ok()) why = status;
    if (left <= milliseconds(0)) break;
    Status started = options_.start(options_.state_dir, left);
    if (started.kind() == StatusKind::kAlreadyExists) {
      // One is there and does not answer: it is starting, leaving, or full.
      why = started;
      std::this_thread::sleep_for(std::min(left, milliseconds(5 + 10 * attempt)));
    } else if (!started.ok()) {
      return started;
    }
  }
  return DeadlineExceeded("no operator could be reached within " +
                          std::to_string(options_.deadline.count() / 1000) +
                          " s: " + why.message() + "; see " + options_.state_dir.log_path());
}

Result<SessionReply> Session::Call(const std::string& method, const std::string& target,
                                   const std::string& body) {
  SessionReply reply;
  Status status;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    LOCKSTEP_RETURN_IF_ERROR(EnsureOperator());
    Result<HttpReply> answer =
        SendHttp({options_.state_dir.socket_path(), method, target, body, options_.deadline});
    if (answer.ok()) {
      reply.http = *std::move(answer);
      return reply;
    }
    status = answer.status();
    if (!MayRepeat(status)) return status;
    if (status.kind() == StatusKind::kAborted) reply.repeated = true;
    found_ = false;
  }
  return status;
}

Status Session::Watch(const std::string& target, milliseconds timeout,
                      const std::function<bool(const Json& event)>& on_event) {
  const auto end = SteadyClock::now() + timeout;
  const milliseconds silence_max(3000 * kWatchBookmarkSeconds);
  Status timed_out = DeadlineExceeded("it has not happened within " +
                                      std::to_string(timeout.count() / 1000) + " s");
  for (;;) {
    LOCKSTEP_RETURN_IF_ERROR(EnsureOperator());
    milliseconds silence = silence_max;
    if (timeout.count() > 0) {
      const auto left = std::chrono::duration_cast<milliseconds>(end - SteadyClock::now());
      if (left.count() <= 0) return timed_out;
      silence = std::min(silence, left);
    }
    bool wanted = true;
    bool late = false;
    const Result<HttpReply> reply = StreamHttp(
        {options_.state_dir.socket_path(), "GET", target, "", silence}, [&](std::string_view line) {
          const Json event = Json::parse(line, nullptr, /*allow_exceptions=*/false);
          if (event.is_object() && event.value("type", Json()) != kWatchBookmark) {
            wanted = on_event(event);
          }
          late = timeout.count() > 0 && SteadyClock::now() >= end;
          return wanted && !late;
        });
    if (!wanted) return OkStatus();
    if (late) return timed_out;
    if (reply.ok()) return DecodeStatus(reply->code, reply->body);
    found_ = false;  // gone, or silent: ask again, everything comes anew
  }
}

}  // namespace lockstep
