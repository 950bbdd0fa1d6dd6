#include "launcher/job_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace lockstep {
namespace {

// 0, or errno.
int Lock(int fd) {
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return fcntl(fd, F_OFD_SETLK, &whole) == 0 ? 0 : errno;
}

}  // namespace

Result<PreparedLock> PrepareJobLock(const JobDir& dir, std::string_view tag) {
  std::error_code error;
  std::filesystem::create_directories(dir.path(), error);
  if (error) {
    return ErrnoStatus("make the job directory " + dir.path(), error.value());
  }
  PreparedLock lock;
  lock.temporary_path = dir.lock_path() + "." + std::to_string(getpid());
  lock.fd = UniqueFd(
      open(lock.temporary_path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!lock.fd.valid()) return ErrnoStatus("write the job directory " + dir.path(), errno);
  const std::string text = std::string(tag) + "\n";
  int why = Lock(lock.fd.get());
  errno = ENOSPC;  // what a write that is cut short says by its length alone
  if (why == 0 &&
      write(lock.fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    why = errno;
  }
  if (why != 0) {
    unlink(lock.temporary_path.c_str());
    return ErrnoStatus("lock " + lock.temporary_path, why);
  }
  return lock;
}

int PublishJobLock(const JobDir& dir, const PreparedLock& lock) {
  const int why = link(lock.temporary_path.c_str(), dir.lock_path().c_str()) == 0 ? 0 : errno;
  unlink(lock.temporary_path.c_str());
  return why;
}

Result<UniqueFd> TakeJobLock(const JobDir& dir) {
  UniqueFd fd(open(dir.lock_path().c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid() && (errno == ENOENT || errno == ENOTDIR)) return UniqueFd();
  if (!fd.valid()) return ErrnoStatus("open " + dir.lock_path(), errno);
  const int why = Lock(fd.get());
  if (why == EAGAIN || why == EACCES) return UniqueFd();
  if (why != 0) return ErrnoStatus("take the lock " + dir.lock_path(), why);
  return fd;
}

}  // namespace lockstep
