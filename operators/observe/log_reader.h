// LogReader: a whole log, handed over in pieces of any size, to metric rows; and what can only be
// said of a log as a whole.
//
// Keeps the unfinished line (at most line_bytes_max) between calls. Not thread-safe.
#pragma once

#include "operators/observe/log_parser.h"

namespace lockstep {

class LogReader {
 public:
  // Errors as LogParser::Create.
  static Result<LogReader> Create(LogParserOptions options);

  // The rows of the lines that `piece` ends; steps as printed, 0 where a line says none. Errors as
  // LogParser::Parse, with the line's number in the log; call nothing after one.
  Result<std::vector<MetricRow>> Read(std::string_view piece);
  // The rows of a last line without line feed.
  Result<std::vector<MetricRow>> End();

  // After End, only with compat_katib: the one row that Katib makes of a log in which the objective
  // has none. All rows that were returned are void then, the other metrics' too.
  std::vector<MetricRow> Instead() const;

  std::uint64_t rows() const { return rows_; }
  const BadLines& bad() const { return bad_; }

 private:
  LogReader(LogParserOptions options, std::unique_ptr<LogParser> parser);
  Result<std::vector<MetricRow>> Parse(bool at_end);

  LogParserOptions options_;
  std::unique_ptr<LogParser> parser_;
  std::string pending_;
  std::uint64_t lines_ = 0;
  std::uint64_t rows_ = 0;
  bool objective_found_ = false;
  BadLines bad_;
};

}  // namespace lockstep
