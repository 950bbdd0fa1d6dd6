#include "runtime/metrics/stdout_reporter.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/metrics/line_writer.h"

namespace lockstep {

Status StdoutReporter::Report(std::int64_t step,
                              const std::vector<std::pair<std::string_view, double>>& values) {
  // What the program printed before through stdio comes before, not in the middle of a later line.
  LOCKSTEP_RETURN_IF_ERROR(Flush());
  return WriteMetricLine(STDOUT_FILENO, "standard output", clock_, step, values);
}

Status StdoutReporter::Flush() {
  if (std::fflush(stdout) != 0) return ErrnoStatus("flush standard output", errno);
  return OkStatus();
}

}  // namespace lockstep
