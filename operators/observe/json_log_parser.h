// The LogParser of JSON, one object a line: see operators/observe/log_parser.h.
//
// A value is a text, kept as it is, or (not with compat_katib) a number, as it is spelled; the NaN
// and Infinity that Python writes are taken too. The step is the key `epoch`, else `step`. Not with
// compat_katib: lines of white space are empty, and a metric that is neither text nor number makes
// the line a bad one whose other metrics count.
#pragma once

#include "operators/observe/log_parser.h"

namespace lockstep {

std::unique_ptr<LogParser> MakeJsonLogParser(LogParserOptions options);

}  // namespace lockstep
