// A log of text. When the first line begins with "filter:", what follows is a filter, and the log
// begins behind it.
#include "tests/fuzz/fuzzer.h"
#include "tests/fuzz/log_check.h"

namespace lockstep {

void FuzzOne(std::string_view input) {
  constexpr std::string_view kFilter = "filter:";
  LogParserOptions options;
  options.metrics = {"loss", "accuracy", "val/acc"};
  if (input.starts_with(kFilter)) {
    const auto [first, rest] = SplitFirstLine(input);
    options.filters = {std::string(first.substr(kFilter.size()))};
    input = rest;
  }
  CheckLog(options, input);
  options.compat_katib = true;
  CheckLog(options, input);
  options.line_bytes_max = 16;
  CheckLog(options, input);
}

}  // namespace lockstep
