#include "cli/unix_http.h"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace lockstep {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

// Blocking steps with deadlines: each starts one asynchronous operation and runs it to its end.
class Connection {
 public:
  explicit Connection(const HttpCall& call) : call_(call), stream_(io_) {}

  Status Send() {
    const error_code connected =
        Run([&](auto done) { stream_.async_connect(Protocol::endpoint(call_.socket_path), done); });
    if (connected) {
      return Unavailable("no operator answers " + call_.socket_path + ": " + connected.message());
    }
    const auto verb = http::string_to_verb(call_.method);
    CHECK(verb != http::verb::unknown) << call_.method;
    http::request<http::string_body> request{verb, call_.target, 11};
    request.set(http::field::host, "operator");
    request.set(http::field::content_type, "application/json");
    request.keep_alive(false);
    request.body() = call_.body;
    request.prepare_payload();
    const error_code sent = RunSized([&](auto done) { http::async_write(stream_, request, done); });
    // An operator that refuses may answer and close before it has read all: the answer tells.
    if (sent == asio::error::broken_pipe || sent == asio::error::connection_reset)
      return OkStatus();
    return Explain(sent);
  }

  template <class Parser>
  Status ReadHeader(Parser& parser) {
    return Explain(
        RunSized([&](auto done) { http::async_read_header(stream_, buffer_, parser, done); }));
  }

  template <class Parser>
  Status Read(Parser& parser) {
    return Explain(RunSized([&](auto done) { http::async_read(stream_, buffer_, parser, done); }));
  }

  template <class Parser>
  Status ReadSome(Parser& parser) {
    const error_code error =
        RunSized([&](auto done) { http::async_read_some(stream_, buffer_, parser, done); });
    return error == http::error::need_buffer ? OkStatus() : Explain(error);
  }

 private:
  template <class Start>
  error_code Run(Start start) {
    error_code outcome;
    stream_.expires_after(call_.deadline);
    start([&](error_code error) { outcome = error; });
    io_.restart();
    io_.run();
    return outcome;
  }
  template <class Start>
  error_code RunSized(Start start) {
    return Run([&](auto done) { start([done](error_code error, std::size_t) { done(error); }); });
  }

  Status Explain(error_code error) const {
    if (!error) return OkStatus();
    const std::string what = call_.method + " " + call_.target + ": ";
    if (error == beast::error::timeout) {
      return DeadlineExceeded(what + "the operator has not answered within " +
                              std::to_string(call_.deadline.count() / 1000) +
                              " s; see operator.log in the state directory");
    }
    return Aborted(what + "the operator left before it had answered: " + error.message());
  }

  const HttpCall& call_;
  asio::io_context io_;
  beast::basic_stream<Protocol> stream_;
  beast::flat_buffer buffer_;
};

}  // namespace

Result<HttpReply> SendHttp(const HttpCall& call) {
  Connection connection(call);
  LOCKSTEP_RETURN_IF_ERROR(connection.Send());
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  LOCKSTEP_RETURN_IF_ERROR(connection.Read(parser));
  auto response = parser.release();
  return HttpReply{static_cast<int>(response.result_int()), std::move(response.body())};
}

Result<HttpReply> StreamHttp(const HttpCall& call,
                             const std::function<bool(std::string_view line)>& on_line) {
  Connection connection(call);
  LOCKSTEP_RETURN_IF_ERROR(connection.Send());
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  LOCKSTEP_RETURN_IF_ERROR(connection.ReadHeader(parser));
  HttpReply reply{static_cast<int>(parser.get().result_int()), ""};
  std::string text;
  while (!parser.is_done()) {
    char piece[16384];
    parser.get().body().data = piece;
    parser.get().body().size = sizeof piece;
    LOCKSTEP_RETURN_IF_ERROR(connection.ReadSome(parser));
    text.append(piece, sizeof piece - parser.get().body().size);
    if (reply.code != 200) continue;
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      if (!on_line(std::string_view(text).substr(begin, end - begin))) return reply;
    }
    text.erase(0, begin);
  }
  if (reply.code == 200) return Aborted("GET " + call.target + ": the operator ended the stream");
  reply.body = std::move(text);
  return reply;
}

}  // namespace lockstep
