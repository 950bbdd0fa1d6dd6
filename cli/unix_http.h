// HTTP/1.1 over a Unix socket, one connection a request, each step with a deadline.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

struct HttpReply {
  int code = 0;
  std::string body;
};

struct HttpCall {
  std::string socket_path;
  std::string method = "GET";
  std::string target;
  std::string body;
  std::chrono::milliseconds deadline{60'000};  // for the answer; of a stream: between two pieces
};

// Errors: Unavailable: nobody answers the socket, the request was not sent. Aborted: the peer left
// before it had answered; the request may have been done or not. DeadlineExceeded.
Result<HttpReply> SendHttp(const HttpCall& call);

// Calls `on_line` for each line of a 200 answer as it arrives, until it returns false (ok) or the
// stream ends (Aborted). An answer other than 200 comes back as the reply.
Result<HttpReply> StreamHttp(const HttpCall& call,
                             const std::function<bool(std::string_view line)>& on_line);

}  // namespace lockstep
