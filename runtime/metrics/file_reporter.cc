#include "runtime/metrics/file_reporter.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/metrics/line_writer.h"

namespace lockstep {

Result<std::unique_ptr<FileReporter>> FileReporter::Open(std::string path, Clock& clock) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus("open the metrics file " + path, errno);
  return std::unique_ptr<FileReporter>(new FileReporter(std::move(path), fd, clock));
}

FileReporter::~FileReporter() { close(fd_); }

Status FileReporter::Report(std::int64_t step,
                            const std::vector<std::pair<std::string_view, double>>& values) {
  return WriteMetricLine(fd_, path_, clock_, step, values);
}

Status FileReporter::Flush() {
  // A pipe or a character device has nothing to sync.
  if (fdatasync(fd_) != 0 && errno != EINVAL) return ErrnoStatus("sync " + path_, errno);
  return OkStatus();
}

}  // namespace lockstep
