#include "operators/observe/log_parser.h"

#include <algorithm>
#include <cstring>

#include "operators/observe/json_log_parser.h"
#include "operators/observe/text_log_parser.h"

namespace lockstep {
namespace {

// Up to and with the last line feed, and of what follows the pieces that are full.
std::size_t WholeBytes(std::string_view text, std::size_t line_max) {
  if (text.empty()) return 0;
  const void* feed = memrchr(text.data(), '\n', text.size());
  const std::size_t lines =
      feed == nullptr ? 0
                      : static_cast<std::size_t>(static_cast<const char*>(feed) - text.data()) + 1;
  return lines + (text.size() - lines) / line_max * line_max;
}

std::string_view LineAt(std::string_view text, std::size_t begin, std::size_t line_max) {
  const std::string_view rest = text.substr(begin, line_max);
  return rest.substr(0, rest.find('\n'));
}

}  // namespace

Result<MetricsFormat> ParseMetricsFormat(std::string_view text) {
  if (text == "TEXT") return MetricsFormat::kText;
  if (text == "JSON") return MetricsFormat::kJson;
  return InvalidArgument("the format of metrics is TEXT or JSON, not \"" + std::string(text) +
                         "\"");
}

MetricRow ParsedRow::Copy() const {
  return {std::string(name), std::string(value), std::string(time), step};
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

NameFinder::Found LogParser::FindMark(std::string_view, std::size_t from, std::uint64_t&) const {
  return {from, from};
}

Result<ParsedText> LogParser::Parse(std::string_view text, bool at_end,
                                    std::uint64_t lines_before) const {
  ParsedText parsed;
  const auto keep = [&](const ParsedRow& row) { parsed.rows.push_back(row.Copy()); };
  LOCKSTEP_ASSIGN_OR_RETURN(static_cast<ParsedLines&>(parsed),
                            ParseRows(text, at_end, lines_before, keep));
  return parsed;
}

Result<ParsedLines> LogParser::ParseRows(std::string_view text, bool at_end,
                                         std::uint64_t lines_before, const RowSink& use) const {
  ParsedLines parsed;
  const std::size_t line_max = options_.line_bytes_max;
  parsed.consumed = at_end ? text.size() : WholeBytes(text, line_max);
  text = text.substr(0, parsed.consumed);
  std::size_t begin = 0;  // of a line, or of a piece of one
  for (std::size_t from = 0; from < text.size();) {
    const NameFinder::Found mark = FindMark(text, from, parsed.lines);
    if (mark.begin == std::string_view::npos) break;
    const std::string_view before = text.substr(begin, mark.begin - begin);
    if (const void* feed = memrchr(before.data(), '\n', before.size()); feed != nullptr) {
      begin = static_cast<std::size_t>(static_cast<const char*>(feed) - text.data()) + 1;
    }
    begin += (mark.begin - begin) / line_max * line_max;
    const std::string_view line = LineAt(text, begin, line_max);
    const std::size_t end = begin + line.size();
    if (mark.end > end) {  // cut in two
      from = mark.begin + 1;
      continue;
    }
    const Status status = ParseLine(line, use);
    if (!status.ok()) parsed.bad.Add(lines_before + parsed.lines + 1, status.message());
    if (!status.ok() && options_.compat_katib) {
      return InvalidArgument("line " + std::to_string(parsed.bad.first_line) + " " +
                             status.message());
    }
    const bool line_feed = end < text.size() && text[end] == '\n';
    parsed.lines += line_feed ? 1 : 0;
    from = begin = line_feed ? end + 1 : end;
  }
  return parsed;
}

}  // namespace lockstep
