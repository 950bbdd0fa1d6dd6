#include "operators/observe/log_reader.h"

#include <algorithm>

#include "operators/observe/row_time.h"
#include "operators/observe/summarize.h"

namespace lockstep {

Result<LogReader> LogReader::Create(LogParserOptions options) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::unique_ptr<LogParser> parser, LogParser::Create(options));
  return LogReader(std::move(options), std::move(parser));
}

LogReader::LogReader(LogParserOptions options, std::unique_ptr<LogParser> parser)
    : options_(std::move(options)), parser_(std::move(parser)) {}

Result<std::vector<MetricRow>> LogReader::Read(std::string_view piece) {
  pending_ += piece;
  return Parse(false);
}

Result<std::vector<MetricRow>> LogReader::End() { return Parse(true); }

Result<std::vector<MetricRow>> LogReader::Parse(bool at_end) {
  LOCKSTEP_ASSIGN_OR_RETURN(ParsedText parsed, parser_->Parse(pending_, at_end, lines_));
  pending_.erase(0, parsed.consumed);
  lines_ += parsed.lines;
  bad_.Add(parsed.bad);
  rows_ += parsed.rows.size();
  objective_found_ =
      objective_found_ || std::ranges::any_of(parsed.rows, [&](const MetricRow& row) {
        return row.name == options_.metrics.front();
      });
  return std::move(parsed.rows);
}

std::vector<MetricRow> LogReader::Instead() const {
  if (!options_.compat_katib || objective_found_) return {};
  return {{.name = options_.metrics.front(), .value = kUnavailable, .time = kNoTime, .step = 0}};
}

}  // namespace lockstep
