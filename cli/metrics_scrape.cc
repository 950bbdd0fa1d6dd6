// lockstep metrics scrape: the collector of a trial whose program serves its metrics to Prometheus.
#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <cstdio>
#include <vector>

#include "cli/metrics_scrape.h"
#include "operators/observe/prometheus_text.h"
#include "runtime/base/clock.h"
#include "runtime/base/duration.h"
#include "runtime/base/exit_code.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds kAnswerBound{10};
constexpr std::uint64_t kPageBytesMax = 16u << 20;

struct Url {
  std::string host;
  std::uint16_t port = 80;
  std::string target;
};

Result<Url> ParseUrl(const std::string& text) {
  const auto wrong = [&] {
    return InvalidArgument("--url " + text + ": write http://ADDRESS:PORT/PATH");
  };
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return wrong();
  const std::string_view rest = std::string_view(text).substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  Url url{.host = std::string(rest.substr(0, slash)), .target = std::string(rest.substr(slash))};
  if (url.target.empty()) url.target = "/";
  if (const std::size_t colon = url.host.rfind(':'); colon != url.host.npos) {
    const char* const end = url.host.data() + url.host.size();
    const auto read = std::from_chars(url.host.data() + colon + 1, end, url.port);
    if (read.ec != std::errc() || read.ptr != end || url.port == 0) return wrong();
    url.host.resize(colon);
  }
  if (url.host == "localhost") url.host = "127.0.0.1";
  error_code no_address;  // names are not resolved: a static program cannot
  asio::ip::make_address(url.host, no_address);
  if (no_address || url.target.find_first_of(" \t\r\n") != url.target.npos) return wrong();
  return url;
}

class Scrape {
 public:
  explicit Scrape(const Url& url) : url_(url), stream_(io_) { stream_.expires_after(kAnswerBound); }

  Result<std::string> Get() {
    error_code error;
    const auto address = asio::ip::make_address(url_.host, error);
    if (error) return Explain(error);
    stream_.async_connect(asio::ip::tcp::endpoint(address, url_.port),
                          [&](error_code e) { error = e; });
    if (Run(error)) return Explain(error);
    http::request<http::empty_body> request{http::verb::get, url_.target, 11};
    request.set(http::field::host, url_.host + ":" + std::to_string(url_.port));
    request.set(http::field::accept, "text/plain;version=0.0.4");
    request.keep_alive(false);
    http::async_write(stream_, request, [&](error_code e, std::size_t) { error = e; });
    if (Run(error)) return Explain(error);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kPageBytesMax);
    beast::flat_buffer buffer;
    http::async_read(stream_, buffer, parser, [&](error_code e, std::size_t) { error = e; });
    if (Run(error)) return Explain(error);
    if (parser.get().result_int() != 200) {
      return FailedPrecondition("answers " + std::to_string(parser.get().result_int()));
    }
    return std::move(parser.get().body());
  }

 private:
  bool Run(const error_code& error) {
    io_.restart();
    io_.run();
    return static_cast<bool>(error);
  }
  static Status Explain(error_code error) {
    if (error == asio::error::connection_refused) return Unavailable("nobody listens yet");
    if (error == beast::error::timeout) return DeadlineExceeded("gives no answer for 10 s");
    return Aborted(error.message());
  }

  const Url& url_;
  asio::io_context io_;
  beast::tcp_stream stream_;
};

struct Wanted {
  std::string metric;
  PrometheusSeries series;
  std::string last;  // printed
};

// Values as Prometheus spells them; NaN and Inf are told apart by who reads the line.
void PrintNew(const std::string& page, std::vector<Wanted>& wanted) {
  for (Wanted& one : wanted) {
    const auto value = LastPrometheusSample(page, one.series);
    if (!value || *value == one.last) continue;
    one.last = *value;
    std::printf("%s %s=%s\n", FormatTime(SystemClock().Now()).c_str(), one.metric.c_str(),
                value->c_str());
  }
  std::fflush(stdout);
}

struct ScrapeOptions {
  std::string url;
  std::vector<std::string> metrics;
  std::string every = "1s";
  bool once = false;
};

Status ScrapeForEver(const ScrapeOptions& options) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Url url, ParseUrl(options.url));
  LOCKSTEP_ASSIGN_OR_RETURN(const auto every, ParseDuration(options.every));
  if (every.count() <= 0) return InvalidArgument("--every " + options.every + ": must be above 0");
  std::vector<Wanted> wanted;
  for (const std::string& metric : options.metrics) {
    auto series = ParsePrometheusSeries(metric);
    if (!series) {
      return InvalidArgument("--metric " + metric +
                             ": is no name of Prometheus': write name or name{label=\"value\"}");
    }
    wanted.push_back({metric, *std::move(series), ""});
  }
  std::string told;  // the same trouble is told once
  for (;;) {
    const Result<std::string> page = Scrape(url).Get();
    if (page.ok()) {
      PrintNew(*page, wanted);
    } else if (options.once) {
      return page.status().WithContext(options.url);
    } else if (page.status().message() != told) {
      told = page.status().message();
      std::fprintf(stderr, "lockstep: %s: %s\n", options.url.c_str(), told.c_str());
    }
    if (options.once) return OkStatus();
    SystemClock().SleepFor(every);
  }
}

}  // namespace

void AddScrapeVerb(CLI::App& metrics, VerbContext& context) {
  auto options = std::make_shared<ScrapeOptions>();
  CLI::App* verb = metrics.add_subcommand(
      "scrape", "Print each new value of metrics that a program serves to Prometheus");
  verb->add_option("--url", options->url, "http://ADDRESS:PORT/PATH")->required();
  verb->add_option("--metric", options->metrics,
                   "NAME, of any labels, or NAME{LABEL=\"VALUE\"}; may be repeated")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--every", options->every, "How often to look; default 1s");
  verb->add_flag("--once", options->once, "Look once; nobody who listens is an error then");
  verb->callback([options, &context] {
    const Status status = ScrapeForEver(*options);
    context.exit_code = status.ok() ? kExitSuccess : Fail(status);
  });
}

}  // namespace lockstep
