// MetricsReporter: where a training program's measurements go. Only rank 0 has one that writes.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

// Thread safety: one thread at a time.
class MetricsReporter {
 public:
  virtual ~MetricsReporter() = default;
  // One line: `epoch=STEP name=value ...` in the order given. It has left the process when Report
  // returns.
  virtual Status Report(std::int64_t step,
                        const std::vector<std::pair<std::string_view, double>>& values) = 0;
  virtual Status Flush() = 0;
};

}  // namespace lockstep
