#include "operators/serve/http_server.h"

#include <sys/stat.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstdio>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include "operators/serve/watch_feed.h"

namespace lockstep {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;
using Stream = beast::basic_stream<Protocol>;
using boost::system::error_code;

// Awaitables that hand back the error instead of throwing it.
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

http::response<http::string_body> MakeReply(unsigned version, int code, const Json& body,
                                            bool keep_alive) {
  http::response<http::string_body> reply{static_cast<http::status>(code), version};
  reply.set(http::field::content_type, "application/json");
  reply.keep_alive(keep_alive);
  reply.body() = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  reply.prepare_payload();
  return reply;
}

class Server final : public HttpServer {
 public:
  Server(HttpServerOptions options, HttpHandler handler, Store& store)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        store_(store),
        accepting_(asio::make_strand(io_)),
        acceptor_(accepting_) {}

  ~Server() override {
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    std::set<WatchFeed*> feeds;
    {
      std::lock_guard lock(mutex_);
      feeds.swap(feeds_);
    }
    for (WatchFeed* feed : feeds) feed->Close();  // nothing posts to io_ from here on
    if (acceptor_.is_open()) ::unlink(options_.socket_path.c_str());
  }

  Status Listen();
  int connections() const override { return connections_.load(); }
  bool TryLeave(const std::function<bool()>& quiet) override;

 private:
  asio::awaitable<void> AcceptLoop();
  asio::awaitable<void> Serve(Stream stream);
  asio::awaitable<void> StreamChanges(Stream& stream, unsigned version, ListFilter filter);
  asio::awaitable<void> RefuseConnection(Stream stream);
  bool AcceptWaiting();
  std::string away_path() const { return options_.socket_path + ".leaving"; }

  const HttpServerOptions options_;
  const HttpHandler handler_;
  Store& store_;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::set<WatchFeed*> feeds_;  // guarded by mutex_
  asio::io_context io_;
  asio::strand<asio::io_context::executor_type> accepting_;
  Protocol::acceptor acceptor_;  // used on accepting_ only, once threads run
  std::vector<std::thread> threads_;
};

Status Server::Listen() {
  const std::string& path = options_.socket_path;
  if (path.size() + 1 > sizeof(sockaddr_un::sun_path) - sizeof(".leaving")) {
    return InvalidArgument("the path of the operator's socket is too long for a Unix socket (" +
                           std::to_string(path.size()) + " bytes): " + path +
                           "; choose a shorter --state-dir");
  }
  ::unlink(path.c_str());
  ::unlink(away_path().c_str());
  error_code error;
  acceptor_.open(Protocol(), error);
  const mode_t mask = ::umask(0177);  // no moment at which others may connect
  if (!error) acceptor_.bind(Protocol::endpoint(path), error);
  ::umask(mask);
  if (!error) acceptor_.listen(1024, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) return ErrnoStatus("listen on " + path, error.value());
  asio::co_spawn(accepting_, AcceptLoop(), asio::detached);
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { io_.run(); });
  return OkStatus();
}

asio::awaitable<void> Server::AcceptLoop() {
  asio::steady_timer pause(accepting_);
  for (;;) {
    const auto [error] = co_await acceptor_.async_wait(Protocol::acceptor::wait_read, kNoThrow);
    if (error || !acceptor_.is_open()) co_return;
    if (AcceptWaiting()) continue;
    pause.expires_after(std::chrono::milliseconds(100));
    co_await pause.async_wait(kNoThrow);
  }
}

// Accepting happens on the strand and nowhere else: when this returns, whoever had connected before
// is counted. False: there are no descriptors for more; those that close make room.
bool Server::AcceptWaiting() {
  for (;;) {
    error_code error;
    Protocol::socket socket(asio::make_strand(io_));
    acceptor_.accept(socket, error);
    if (error == asio::error::would_block || error == asio::error::bad_descriptor) return true;
    if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
    if (error) return false;
    const auto executor = socket.get_executor();
    Stream stream(std::move(socket));
    if (connections_.fetch_add(1) < static_cast<int>(options_.connections_max)) {
      asio::co_spawn(executor, Serve(std::move(stream)), asio::detached);
    } else {
      asio::co_spawn(executor, RefuseConnection(std::move(stream)), asio::detached);
    }
  }
}

asio::awaitable<void> Server::RefuseConnection(Stream stream) {
  const Status status = Unavailable("the operator has " + std::to_string(options_.connections_max) +
                                    " connections open and takes no more: try again");
  auto reply = MakeReply(11, HttpCodeOf(status.kind()), EncodeStatus(status), false);
  stream.expires_after(options_.idle_deadline);
  co_await http::async_write(stream, reply, kNoThrow);
  connections_.fetch_sub(1);
}

asio::awaitable<void> Server::Serve(Stream stream) {
  beast::flat_buffer buffer;
  for (bool first = true, open = true; open; first = false) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(options_.body_bytes_max);
    stream.expires_after(first ? options_.request_deadline : options_.idle_deadline);
    const auto [head_error, head] =
        co_await http::async_read_header(stream, buffer, parser, kNoThrow);
    if (head_error && head_error != http::error::body_limit) break;
    stream.expires_after(options_.request_deadline);
    error_code error = head_error;
    if (!error)
      std::tie(error, std::ignore) = co_await http::async_read(stream, buffer, parser, kNoThrow);
    if (error == http::error::body_limit) {  // known from the header, or only on the way
      const Status status = InvalidArgument("the request is larger than " +
                                            std::to_string(options_.body_bytes_max) + " bytes");
      auto reply = MakeReply(11, 413, EncodeStatus(status), false);
      co_await http::async_write(stream, reply, kNoThrow);
      break;
    }
    if (error) break;
    const unsigned version = parser.get().version();
    auto request = parser.release();
    HttpResponse response = handler_({std::string(request.method_string()),
                                      std::string(request.target()), std::move(request.body())});
    if (response.watch) {
      co_await StreamChanges(stream, version, *std::move(response.watch));
      break;
    }
    auto reply = MakeReply(version, response.code, response.body, request.keep_alive());
    stream.expires_after(options_.request_deadline);
    const auto [write_error, written] = co_await http::async_write(stream, reply, kNoThrow);
    open = !write_error && request.keep_alive();
  }
  error_code ignored;
  stream.socket().shutdown(Protocol::socket::shutdown_send, ignored);
  stream.close();
  connections_.fetch_sub(1);
}

asio::awaitable<void> Server::StreamChanges(Stream& stream, unsigned version, ListFilter filter) {
  http::response<http::empty_body> head{http::status::ok, version};
  head.set(http::field::content_type, "application/json");
  head.chunked(true);
  http::response_serializer<http::empty_body> serializer(head);
  stream.expires_after(options_.request_deadline);
  const auto [head_error, size] = co_await http::async_write_header(stream, serializer, kNoThrow);
  if (head_error) co_return;
  const auto executor = co_await asio::this_coro::executor;
  // On the stream's strand only; shared because a wake-up may still be queued when we are gone.
  const auto wake = std::make_shared<asio::steady_timer>(executor);
  WatchFeed feed(store_, filter,
                 [executor, wake] { asio::post(executor, [wake] { wake->cancel(); }); });
  {
    std::lock_guard lock(mutex_);
    feeds_.insert(&feed);
  }
  auto last_write = std::chrono::steady_clock::now();
  for (;;) {
    std::string lines = feed.TakeLines();
    if (lines.empty()) {
      wake->expires_at(last_write + options_.bookmark_every);
      const auto [waited] = co_await wake->async_wait(kNoThrow);
      if (waited) continue;  // woken: there is a change
      lines = std::string("{\"type\":\"") + kWatchBookmark + "\"}\n";
    }
    stream.expires_after(options_.request_deadline);
    const auto [error, written] =
        co_await asio::async_write(stream, http::make_chunk(asio::buffer(lines)), kNoThrow);
    if (error) break;
    last_write = std::chrono::steady_clock::now();
  }
  std::lock_guard lock(mutex_);
  feeds_.erase(&feed);
}

bool Server::TryLeave(const std::function<bool()>& quiet) {
  std::promise<bool> decided;
  asio::post(accepting_, [&] {
    const char* path = options_.socket_path.c_str();
    if (connections_.load() > 0) return decided.set_value(false);
    // A socket that somebody has removed, with its folder perhaps, is found by nobody either.
    const bool moved = std::rename(path, away_path().c_str()) == 0;
    if (!moved && errno != ENOENT) return decided.set_value(false);
    AcceptWaiting();
    if (connections_.load() > 0 || !quiet()) {
      // The same socket under its old name: those who found no operator meanwhile try again.
      const bool back = !moved || std::rename(away_path().c_str(), path) == 0 || errno == ENOENT;
      CHECK(back) << "rename back: errno " << errno;
      return decided.set_value(false);
    }
    error_code ignored;
    acceptor_.close(ignored);
    ::unlink(away_path().c_str());
    decided.set_value(true);
  });
  return decided.get_future().get();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                      HttpHandler handler, Store& store) {
  auto server = std::make_unique<Server>(std::move(options), std::move(handler), store);
  LOCKSTEP_RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace lockstep
