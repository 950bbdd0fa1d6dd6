#include "operators/observe/log_reader.h"

#include "operators/observe/row_time.h"
#include "operators/observe/summarize.h"

namespace lockstep {

Result<LogReader> LogReader::Create(LogParserOptions options) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::unique_ptr<LogParser> parser, LogParser::Create(options));
  return LogReader(std::move(options), std::move(parser));
}

LogReader::LogReader(LogParserOptions options, std::unique_ptr<LogParser> parser)
    : options_(std::move(options)), parser_(std::move(parser)) {}

// Only the line that the last piece left unfinished is put together; the others are read where they
// are.
Status LogReader::Read(std::string_view piece, const RowSink& use) {
  if (!pending_.empty()) {
    const std::size_t feed = piece.find('\n');
    const std::size_t size = feed == std::string_view::npos ? piece.size() : feed + 1;
    pending_ += piece.substr(0, size);
    piece.remove_prefix(size);
    LOCKSTEP_ASSIGN_OR_RETURN(const std::size_t consumed, Parse(pending_, false, use));
    pending_.erase(0, consumed);
  }
  if (piece.empty()) return OkStatus();
  LOCKSTEP_ASSIGN_OR_RETURN(const std::size_t consumed, Parse(piece, false, use));
  pending_ += piece.substr(consumed);
  return OkStatus();
}

Status LogReader::End(const RowSink& use) {
  LOCKSTEP_RETURN_IF_ERROR(Parse(pending_, true, use).status());
  pending_.clear();
  return OkStatus();
}

Result<std::size_t> LogReader::Parse(std::string_view text, bool at_end, const RowSink& use) {
  const auto count_and_use = [&](const ParsedRow& row) {
    ++rows_;
    objective_found_ = objective_found_ || row.name == options_.metrics.front();
    use(row);
  };
  LOCKSTEP_ASSIGN_OR_RETURN(const ParsedLines parsed,
                            parser_->ParseRows(text, at_end, lines_, count_and_use));
  lines_ += parsed.lines;
  bad_.Add(parsed.bad);
  return parsed.consumed;
}

std::vector<MetricRow> LogReader::Instead() const {
  if (!options_.compat_katib || objective_found_) return {};
  return {{.name = options_.metrics.front(), .value = kUnavailable, .time = kNoTime, .step = 0}};
}

}  // namespace lockstep
