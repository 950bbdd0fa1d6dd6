#include "runtime/metrics/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

constexpr int kReaderStallMs = 30'000;

// Only a full non-blocking pipe or a full disk takes less than the whole line at once; the rest
// then follows.
Status WriteAll(int fd, std::string_view where, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return ErrnoStatus("write a metric line to " + std::string(where), errno);
    pollfd ready{fd, POLLOUT, 0};
    if (poll(&ready, 1, kReaderStallMs) == 0) {
      return DeadlineExceeded("nobody read " + std::string(where) +
                              " for 30 s: the metric line does not fit into its buffer");
    }
  }
  return OkStatus();
}

}  // namespace

Status WriteMetricLine(int fd, std::string_view where, Clock& clock, std::int64_t step,
                       const std::vector<std::pair<std::string_view, double>>& values) {
  MetricLine line{clock.Now(), {{"epoch", static_cast<double>(step)}}};
  line.values.insert(line.values.end(), values.begin(), values.end());
  LOCKSTEP_ASSIGN_OR_RETURN(std::string text, FormatMetricLine(line));
  return WriteAll(fd, where, text + "\n");
}

}  // namespace lockstep
