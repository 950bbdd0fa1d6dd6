// FileReporter: metric lines appended to a file (LOCKSTEP_METRICS_FILE).
#pragma once

#include <memory>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/metrics/metrics_reporter.h"

namespace lockstep {

class FileReporter final : public MetricsReporter {
 public:
  // Creates the file if it is not there; never truncates it: a restarted job goes on in it.
  static Result<std::unique_ptr<FileReporter>> Open(std::string path, Clock& clock);
  ~FileReporter() override;
  FileReporter(const FileReporter&) = delete;
  FileReporter& operator=(const FileReporter&) = delete;

  Status Report(std::int64_t step,
                const std::vector<std::pair<std::string_view, double>>& values) override;
  Status Flush() override;  // fdatasync

 private:
  FileReporter(std::string path, int fd, Clock& clock)
      : path_(std::move(path)), fd_(fd), clock_(clock) {}

  const std::string path_;
  const int fd_;  // owned
  Clock& clock_;
};

}  // namespace lockstep
