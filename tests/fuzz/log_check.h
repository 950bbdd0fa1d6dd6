// What holds for a trial's log in any format.
#pragma once

#include <string_view>

#include "operators/observe/log_parser.h"

namespace lockstep {

// The rows are the same in one piece and in two, wherever it is cut, and in single bytes; no more
// is consumed than there is. Options that are refused are refused.
void CheckLog(const LogParserOptions& options, std::string_view log);

}  // namespace lockstep
