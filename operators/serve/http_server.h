// HttpServer: a Router (or any handler) behind operator.sock. HTTP/1.1 with keep-alive and chunked
// watches.
//
// Leaving: a verb may connect at any moment, also while the operator decides to go. TryLeave takes
// the socket's path away first, then serves whoever came before that, then asks once more; so
// whoever connects later finds no operator and starts one, and nobody is left in the backlog.
//
// Thread safety: all methods from any thread; requests are handled on the server's own threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "operators/serve/protocol.h"
#include "operators/serve/router.h"

namespace lockstep {

struct HttpServerOptions {
  std::string socket_path;
  int threads = 4;                    // requests that wait for the disk at the same time
  std::size_t connections_max = 256;  // more get 503 at once
  std::size_t body_bytes_max = 8u << 20;
  std::chrono::milliseconds request_deadline{30'000};  // to send a request, to take an answer
  std::chrono::milliseconds idle_deadline{5'000};      // between two requests of a connection
  std::chrono::milliseconds bookmark_every{kWatchBookmarkSeconds * 1000};
};

// Called on several server threads at once.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

class HttpServer {
 public:
  // Listens on socket_path (mode 0600; what a dead operator left there is removed, so the caller
  // must hold the state directory's lock). `store`, for watches, outlives the server.
  static Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options, HttpHandler handler,
                                                   Store& store);
  // Ends every connection and watch; removes the socket.
  virtual ~HttpServer() = default;

  virtual int connections() const = 0;
  // True: nobody is connected, `quiet` said so after the last of them, and nobody can connect any
  // more. False: serving goes on as before. `quiet` is called on a server thread.
  virtual bool TryLeave(const std::function<bool()>& quiet) = 0;
};

}  // namespace lockstep
