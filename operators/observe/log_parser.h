// LogParser: a trial's output, as it is written, to metric rows; Katib's rules for text (filters,
// names, values, times) and for JSON.
//
// Text: for each whole line that contains a metric's name: every match of every filter, in order,
// whose first group (trimmed) is the name of a metric gives a row with its second group (trimmed),
// as printed. The time is the text before the first space when that is RFC 3339.
//
// JSON: each line that is not empty is one object; every metric that is a key of it gives a row, in
// the order of the metrics. The time is the key `timestamp`, RFC 3339 or seconds since the epoch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/observe/name_finder.h"
#include "operators/observe/observation_store.h"
#include "runtime/base/status.h"

namespace lockstep {

// Katib's default filter.
inline constexpr char kDefaultMetricsFilter[] =
    R"(([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?))";

enum class MetricsFormat : std::uint8_t { kText, kJson };

// "TEXT" or "JSON", as manifests spell it; anything else is InvalidArgument.
Result<MetricsFormat> ParseMetricsFormat(std::string_view text);

struct LogParserOptions {
  std::vector<std::string> metrics;       // the objective first
  std::vector<std::string> filters = {};  // RE2; empty: the default filter; of no use to JSON
  std::size_t line_bytes_max = 1u << 20;  // a longer line is read as several of this length
  MetricsFormat format = MetricsFormat::kText;
  // Exactly what Katib v0.19 collects, its slips included: no help for names with / and ., JSON
  // numbers are no values, the fraction of a JSON timestamp counts nanoseconds, a filter that
  // cannot work is only noticed at the first line that it would be tried on, and one bad line
  // spoils the log.
  bool compat_katib = false;
};

// Lines that are no metrics and should be.
struct BadLines {
  std::uint64_t count = 0;
  std::uint64_t first_line = 0;  // from 1; 0: none
  std::string first_reason;

  void Add(std::uint64_t line, std::string_view reason);
  void Add(const BadLines& later);
  friend bool operator==(const BadLines&, const BadLines&) = default;
};

// A MetricRow whose texts belong to the parser or lie in the log: good for one call of a RowSink.
struct ParsedRow {
  std::string_view name;
  std::string_view value;
  std::string_view time;
  std::int64_t step = 0;  // 0 where the line says none: the caller counts reports

  MetricRow Copy() const;
};
using RowSink = std::function<void(const ParsedRow&)>;

struct ParsedLines {
  std::size_t consumed = 0;  // bytes, up to and with the last line feed
  std::uint64_t lines = 0;   // line feeds among them
  BadLines bad;              // numbered behind `lines_before`
};

struct ParsedText : ParsedLines {
  std::vector<MetricRow> rows;
};

// Not thread-safe; keeps nothing between calls but the compiled filters.
class LogParser {
 public:
  // InvalidArgument: no metrics, a filter that does not compile or has fewer than two groups.
  static Result<std::unique_ptr<LogParser>> Create(LogParserOptions options);
  virtual ~LogParser() = default;

  // The whole lines of `text`, which `lines_before` have gone before; all of it when `at_end`.
  // InvalidArgument, only with compat_katib: a line that makes Katib give up, by its number and
  // why.
  Result<ParsedText> Parse(std::string_view text, bool at_end,
                           std::uint64_t lines_before = 0) const;
  // The same, with each row given to `use` instead of kept: most of what a row costs is to keep it.
  Result<ParsedLines> ParseRows(std::string_view text, bool at_end, std::uint64_t lines_before,
                                const RowSink& use) const;

 protected:
  explicit LogParser(LogParserOptions options) : options_(std::move(options)) {}

  // What of `text` at or behind `from` makes a line worth parsing: lines that have none of it are
  // passed over, as NameFinder::Find passes over them. Unless overridden, every line is worth it.
  virtual NameFinder::Found FindMark(std::string_view text, std::size_t from,
                                     std::uint64_t& line_feeds) const;
  // Gives away the line's rows; not ok: why it is bad, to follow "line 7 ".
  virtual Status ParseLine(std::string_view line, const RowSink& use) const = 0;

  const LogParserOptions options_;
};

}  // namespace lockstep
