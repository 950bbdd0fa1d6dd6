// A log of JSON lines.
#include "tests/fuzz/fuzzer.h"
#include "tests/fuzz/log_check.h"

namespace lockstep {

void FuzzOne(std::string_view input) {
  LogParserOptions options;
  options.metrics = {"loss", "accuracy"};
  options.format = MetricsFormat::kJson;
  CheckLog(options, input);
  options.compat_katib = true;
  CheckLog(options, input);
  options.line_bytes_max = 16;
  CheckLog(options, input);
}

}  // namespace lockstep
