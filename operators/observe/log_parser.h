// LogParser: a trial's output, as it is written, to metric rows; Katib's rules for text (filters,
// names, values, times).
//
// For each whole line that contains a metric's name: every match of every filter, in order, whose
// first group (trimmed) is the name of a metric gives a row with its second group (trimmed), as
// printed. The time is the text before the first space when that is RFC 3339.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/observe/observation_store.h"
#include "runtime/base/status.h"

namespace lockstep {

// Katib's default filter.
inline constexpr char kDefaultMetricsFilter[] =
    R"(([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?))";

struct LogParserOptions {
  std::vector<std::string> metrics;       // the objective first
  std::vector<std::string> filters = {};  // RE2; empty: the default filter
  std::size_t line_bytes_max = 1u << 20;  // a longer line is read as several of this length
};

// Not thread-safe; keeps nothing between calls but the compiled filters.
class LogParser {
 public:
  // InvalidArgument: a filter that does not compile or has fewer than two groups.
  static Result<std::unique_ptr<LogParser>> Create(LogParserOptions options);
  virtual ~LogParser() = default;

  // Rows of the whole lines of `text`; *consumed is set to the bytes up to and with the last line
  // feed (all of them when `at_end`). Step is left 0 where the line says none: the caller counts
  // reports.
  virtual std::vector<MetricRow> Parse(std::string_view text, bool at_end,
                                       std::size_t* consumed) const = 0;
};

}  // namespace lockstep
