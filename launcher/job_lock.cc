#include "launcher/job_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace lockstep {

Result<PreparedLock> PrepareJobLock(const JobDir& dir) {
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
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (fcntl(lock.fd.get(), F_OFD_SETLK, &whole) != 0) {
    const int why = errno;
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

}  // namespace lockstep
