// lockstep metrics: what the operator, or Katib, would collect from a log.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/metrics_scrape.h"
#include "cli/verb.h"
#include "operators/codec/json.h"
#include "operators/observe/log_reader.h"
#include "operators/observe/row_time.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;
// Katib has no limit; the operator's, which cuts a line at 1 MiB, would show.
constexpr std::size_t kKatibLineBytesMax = 64u << 20;
constexpr int kValueColumns = 22;  // of the longest double; a longer text moves its time

struct ParseOptions {
  std::string file;
  std::vector<std::string> metrics;
  std::vector<std::string> filters;
  std::string format = "TEXT";
  std::string compat;
  std::string output;
};

// Prints rows as they come: no row waits for another to find the width of its column.
class RowPrinter {
 public:
  RowPrinter(const ParseOptions& options, std::FILE* out)
      : json_(options.output == "json"), out_(out) {
    for (const std::string& name : options.metrics) {
      name_columns_ = std::max(name_columns_, static_cast<int>(name.size()));
    }
  }

  void Print(const ParsedRow& row) {
    if (json_) {
      PrintJson(row);
    } else {
      PrintCells(row);
    }
  }
  // Who pipes a running program's output in sees each line at once.
  void Flush() { std::fflush(out_); }

 private:
  void PrintJson(const ParsedRow& row) {
    const Json line = {{"name", row.name}, {"value", row.value}, {"timestamp", row.time}};
    std::fprintf(out_, "%s\n", line.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  }
  void PrintCells(const ParsedRow& row) {
    if (!header_) PrintLine("NAME", "VALUE", "TIME");
    header_ = true;
    std::string value(row.value.empty() ? "-" : row.value);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' '; };
    std::ranges::replace_if(value, is_control, ' ');
    PrintLine(std::string(row.name), value, std::string(row.time == kNoTime ? "-" : row.time));
  }
  void PrintLine(const std::string& name, const std::string& value, const std::string& time) {
    std::fprintf(out_, "%-*s   %-*s   %s\n", name_columns_, name.c_str(), kValueColumns,
                 value.c_str(), time.c_str());
  }

  const bool json_;
  std::FILE* const out_;
  int name_columns_ = 4;  // NAME
  bool header_ = false;
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

// 0 at the end.
Result<std::size_t> ReadPiece(int fd, const std::string& name, std::string& piece) {
  for (;;) {
    const ssize_t size = ::read(fd, piece.data(), piece.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) return ErrnoStatus("read " + name, errno);
  }
}

Status ReadAll(int fd, const std::string& name, LogReader& reader, RowPrinter& printer) {
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::size_t size, ReadPiece(fd, name, piece));
    const auto print = [&](const ParsedRow& row) { printer.Print(row); };
    const Status status =
        size == 0 ? reader.End(print) : reader.Read(std::string_view(piece).substr(0, size), print);
    if (!status.ok()) return status.WithContext(name);
    printer.Flush();
    if (size == 0) return OkStatus();
  }
}

Status CopyToStdout(std::FILE* from) {
  if (std::fseek(from, 0, SEEK_SET) != 0) return ErrnoStatus("read the rows back", errno);
  std::string piece(kPieceBytes, '\0');
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), from)) {
    std::fwrite(piece.data(), 1, size, stdout);
  }
  return std::ferror(from) ? ErrnoStatus("read the rows back", errno) : OkStatus();
}

// Katib's rows count only once the last line is read: until then they wait in a file without name,
// which takes no memory however long the log is.
Status PrintAsKatib(int fd, const std::string& name, const ParseOptions& options,
                    LogReader& reader) {
  const File kept(std::tmpfile());
  if (kept == nullptr) return ErrnoStatus("make a file for the rows", errno);
  RowPrinter printer(options, kept.get());
  LOCKSTEP_RETURN_IF_ERROR(ReadAll(fd, name, reader, printer));
  if (std::ferror(kept.get()) != 0) return Internal("the rows could not be kept: is /tmp full?");
  if (const std::vector<MetricRow> instead = reader.Instead(); !instead.empty()) {
    for (const MetricRow& row : instead) {
      RowPrinter(options, stdout).Print({row.name, row.value, row.time, row.step});
    }
    return OkStatus();
  }
  return CopyToStdout(kept.get());
}

void TellWhatIsMissing(const std::string& name, const LogReader& reader) {
  if (const BadLines& bad = reader.bad(); bad.count > 0) {
    std::fprintf(stderr, "lockstep: warning: %s: line %llu %s; %llu %s in all\n", name.c_str(),
                 static_cast<unsigned long long>(bad.first_line), bad.first_reason.c_str(),
                 static_cast<unsigned long long>(bad.count),
                 bad.count == 1 ? "bad line" : "bad lines");
  }
  if (reader.rows() == 0) std::fprintf(stderr, "No metrics found in %s.\n", name.c_str());
}

Status Parse(const ParseOptions& options) {
  const bool compat_katib = options.compat == "katib";
  LogParserOptions parser_options{.metrics = options.metrics, .filters = options.filters};
  LOCKSTEP_ASSIGN_OR_RETURN(parser_options.format, ParseMetricsFormat(options.format));
  parser_options.compat_katib = compat_katib;
  if (compat_katib) parser_options.line_bytes_max = kKatibLineBytesMax;
  LOCKSTEP_ASSIGN_OR_RETURN(LogReader reader, LogReader::Create(std::move(parser_options)));
  const bool from_stdin = options.file == "-";
  const std::string name = from_stdin ? "standard input" : options.file;
  const File file(from_stdin ? nullptr : std::fopen(options.file.c_str(), "rbe"));
  if (!from_stdin && file == nullptr) return ErrnoStatus("open " + name, errno);
  const int fd = from_stdin ? STDIN_FILENO : ::fileno(file.get());
  if (compat_katib) return PrintAsKatib(fd, name, options, reader);
  RowPrinter printer(options, stdout);
  LOCKSTEP_RETURN_IF_ERROR(ReadAll(fd, name, reader, printer));
  TellWhatIsMissing(name, reader);
  return OkStatus();
}

void AddParseVerb(CLI::App& metrics, VerbContext& context) {
  auto options = std::make_shared<ParseOptions>();
  CLI::App* verb = metrics.add_subcommand("parse", "Print the metrics that a log reports");
  verb->add_option("file", options->file, "The log, or - for standard input")->required();
  // One value each, as it is: more would swallow the file, and [a-z] would be taken for a list.
  verb->add_option("--metric", options->metrics, "A metric to look for, the objective first")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--filter", options->filters,
                   "RE2 with two groups, name and value, instead of Katib's default filter")
      ->allow_extra_args(false);
  verb->add_option("--format", options->format, "TEXT (default) or JSON: an object a line")
      ->check(CLI::IsMember({"TEXT", "JSON"}));
  verb->add_option("--compat", options->compat, "katib: exactly what Katib v0.19 collects")
      ->check(CLI::IsMember({"katib"}));
  verb->add_option("-o,--output", options->output, "json: an object a line")
      ->check(CLI::IsMember({"json"}));
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; nothing was changed");
    const Status status = Parse(*options);
    context.exit_code = status.ok() ? kExitSuccess : Fail(status);
  });
}

}  // namespace

void AddMetricsVerb(CLI::App& app, VerbContext& context) {
  CLI::App* metrics = app.add_subcommand("metrics", "Look into the metrics of a log, or a server");
  metrics->require_subcommand(1);
  AddParseVerb(*metrics, context);
  AddScrapeVerb(*metrics, context);
}

}  // namespace lockstep
