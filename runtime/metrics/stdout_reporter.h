// StdoutReporter: metric lines on standard output, where Katib's StdOut collector reads them.
#pragma once

#include "runtime/base/clock.h"
#include "runtime/metrics/metrics_reporter.h"

namespace lockstep {

class StdoutReporter final : public MetricsReporter {
 public:
  explicit StdoutReporter(Clock& clock) : clock_(clock) {}
  Status Report(std::int64_t step,
                const std::vector<std::pair<std::string_view, double>>& values) override;
  Status Flush() override;

 private:
  Clock& clock_;
};

}  // namespace lockstep
