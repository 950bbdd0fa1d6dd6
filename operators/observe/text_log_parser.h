// The LogParser of text: see operators/observe/log_parser.h.
#pragma once

#include "operators/observe/log_parser.h"

namespace lockstep {

// InvalidArgument: a filter that does not compile or has fewer than two groups (not with
// compat_katib, which runs into it as Katib does).
Result<std::unique_ptr<LogParser>> MakeTextLogParser(LogParserOptions options);

}  // namespace lockstep
