#include "operators/observe/log_parser.h"

#include <algorithm>

#include "operators/observe/json_log_parser.h"
#include "operators/observe/text_log_parser.h"

namespace lockstep {

Result<MetricsFormat> ParseMetricsFormat(std::string_view text) {
  if (text == "TEXT") return MetricsFormat::kText;
  if (text == "JSON") return MetricsFormat::kJson;
  return InvalidArgument("the format of metrics is TEXT or JSON, not \"" + std::string(text) +
                         "\"");
}

void BadLines::Add(std::uint64_t line, std::string_view reason) {
  if (count++ > 0) return;
  first_line = line;
  first_reason = reason;
}

void BadLines::Add(const BadLines& later) {
  if (count == 0) {
    *this = later;
  } else {
    count += later.count;
  }
}

Result<std::unique_ptr<LogParser>> LogParser::Create(LogParserOptions options) {
  const bool unnamed = std::ranges::find(options.metrics, "") != options.metrics.end();
  if (options.metrics.empty() || (unnamed && !options.compat_katib)) {
    return InvalidArgument("metrics to collect need names: set objectiveMetricName");
  }
  CHECK(options.line_bytes_max > 0) << "a line has at least one byte";
  if (options.format == MetricsFormat::kJson) return MakeJsonLogParser(std::move(options));
  return MakeTextLogParser(std::move(options));
}

Result<ParsedText> LogParser::Parse(std::string_view text, bool at_end,
                                    std::uint64_t lines_before) const {
  ParsedText parsed;
  const std::size_t line_max = options_.line_bytes_max;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end =
        std::min(text.find('\n', begin), std::min(text.size(), begin + line_max));
    const bool whole = end < text.size() || end - begin == line_max || at_end;
    if (!whole) break;
    const Status status = ParseLine(text.substr(begin, end - begin), parsed.rows);
    if (!status.ok()) parsed.bad.Add(lines_before + parsed.lines + 1, status.message());
    if (!status.ok() && options_.compat_katib) {
      return InvalidArgument("line " + std::to_string(parsed.bad.first_line) + " " +
                             status.message());
    }
    const bool line_feed = end < text.size() && text[end] == '\n';
    parsed.lines += line_feed ? 1 : 0;
    begin = line_feed ? end + 1 : end;
  }
  parsed.consumed = begin;
  return parsed;
}

}  // namespace lockstep
