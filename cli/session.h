// Session: the one place that finds the operator, starts it when none answers, and repeats what it
// left unanswered.
//
// The operator leaves when it is idle and may be killed at any time; whoever meets that gap starts
// the next one. A request whose answer got lost is sent again, and the reply says so: then "exists
// already" may be our own doing.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cli/state_dir.h"
#include "cli/unix_http.h"
#include "operators/codec/json.h"

namespace lockstep {

struct SessionOptions {
  StateDir state_dir;
  std::string version;                         // ours, for messages
  std::chrono::milliseconds deadline{30'000};  // to find or start an operator
  // Starts an operator and returns when it serves; AlreadyExists when another one is there.
  std::function<Status(const StateDir&, std::chrono::milliseconds deadline)> start;
  // Whether the operator that answers will do, by what GET /version says; empty: any.
  std::function<Status(const Json& version)> check = {};
};

struct SessionReply {
  HttpReply http;
  bool repeated = false;  // an earlier attempt may have been done

  bool ok() const { return http.code / 100 == 2; }
  Status status() const;  // REQUIRES: !ok()
};

// Not thread-safe.
class Session {
 public:
  explicit Session(SessionOptions options) : options_(std::move(options)) {}

  const StateDir& state_dir() const { return options_.state_dir; }
  const std::string& version() const { return options_.version; }

  // What GET /version says, of the operator that was found or started last.
  Result<Json> Version();

  // Any answer of the operator is a reply; a Status means that none could be had.
  Result<SessionReply> Call(const std::string& method, const std::string& target,
                            const std::string& body = "");

  // Calls `on_event` with each {"type","object"} of a watch until it returns false. A new operator
  // is found or started when one leaves; then everything there is comes again, as ADDED.
  // DeadlineExceeded after `timeout`; 0: never. Errors of the operator come back as Status.
  Status Watch(const std::string& target, std::chrono::milliseconds timeout,
               const std::function<bool(const Json& event)>& on_event);

 private:
  Status EnsureOperator();
  Status Handshake();

  const SessionOptions options_;
  bool found_ = false;
  Json version_;
};

}  // namespace lockstep
