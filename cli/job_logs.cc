#include "cli/job_logs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "launcher/job_dir.h"
#include "runtime/base/clock.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kPoll(100);

bool HasEnded(const JobDir& dir) {
  const Result<JobLife> life = dir.Life();
  return life.ok() && (*life == JobLife::kEnded || *life == JobLife::kLost);
}

std::string PathOf(const LogRequest& request) {
  const JobDir dir(request.job_dir);
  return request.rank ? dir.rank_log_path(*request.rank) : dir.merged_log_path();
}

Status Copy(int fd, const LogRequest& request, const JobDir& dir, LogLines& lines,
            const std::function<bool(std::string_view)>& write) {
  std::vector<char> piece(1 << 16);
  for (bool ended = !request.follow;;) {
    const ssize_t size = ::read(fd, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return ErrnoStatus("read the log in " + dir.path(), errno);
    if (size > 0) {
      if (!write(lines.Take({piece.data(), static_cast<std::size_t>(size)}))) return OkStatus();
      continue;
    }
    if (!write(ended ? lines.End() : lines.CaughtUp())) return OkStatus();
    if (ended) return OkStatus();
    // What is written before the end is there to be read after it: ask first, then read once more.
    ended = HasEnded(dir);
    if (!ended) SystemClock().SleepFor(kPoll);
  }
}

}  // namespace

Status ReadLog(const LogRequest& request, LogLines lines,
               const std::function<bool(std::string_view)>& write) {
  const JobDir dir(request.job_dir);
  const std::string path = PathOf(request);
  for (;;) {
    const bool ended = HasEnded(dir);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
      const Status status = Copy(fd, request, dir, lines, write);
      ::close(fd);
      return status;
    }
    if (errno != ENOENT) return ErrnoStatus("open " + path, errno);
    if (ended || !request.follow) {
      return NotFound(request.rank ? "rank " + std::to_string(*request.rank) +
                                         " has printed nothing: there is no " + path
                                   : "the job has printed nothing: there is no " + path);
    }
    SystemClock().SleepFor(kPoll);
  }
}

Result<WallTime> LastWritten(const LogRequest& request) {
  const std::string path = PathOf(request);
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return ErrnoStatus("look at " + path, errno);
  return WallTime(std::chrono::seconds(found.st_mtim.tv_sec) +
                  std::chrono::microseconds(found.st_mtim.tv_nsec / 1000));
}

}  // namespace lockstep
