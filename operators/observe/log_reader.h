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

  // Gives the rows of the lines that `piece` ends to `use`; steps as printed, 0 where a line says
  // none. Errors as LogParser::Parse, with the line's number in the log; call nothing after one.
  Status Read(std::string_view piece, const RowSink& use);
  // The rows of a last line without line feed.
  Status End(const RowSink& use);

  // After End, only with compat_katib: the one row that Katib makes of a log in which the objective
  // has none. All rows that were given away are void then, the other metrics' too.
  std::vector<MetricRow> Instead() const;

  std::uint64_t rows() const { return rows_; }
  const BadLines& bad() const { return bad_; }

 private:
  LogReader(LogParserOptions options, std::unique_ptr<LogParser> parser);
  Result<std::size_t> Parse(std::string_view text, bool at_end, const RowSink& use);  // consumed

  LogParserOptions options_;
  std::unique_ptr<LogParser> parser_;
  std::string pending_;
  std::uint64_t lines_ = 0;
  std::uint64_t rows_ = 0;
  bool objective_found_ = false;
  BadLines bad_;
};

}  // namespace lockstep
