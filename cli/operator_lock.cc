#include "cli/operator_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace lockstep {

Result<OperatorLock> OperatorLock::Acquire(const StateDir& dir) {
  const std::string path = dir.lock_path();
  OperatorLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.fd_ < 0) return ErrnoStatus("open " + path, errno);
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus("lock " + path, errno);
    char pid[32] = {};
    const ssize_t size = ::pread(lock.fd_, pid, sizeof pid - 1, 0);
    std::string who(pid, size > 0 ? static_cast<std::size_t>(size) : 0);
    while (who.ends_with('\n')) who.pop_back();
    return AlreadyExists("another operator (pid " + (who.empty() ? "unknown" : who) +
                         ") has the state directory " + dir.path +
                         ": use that one, stop it (kill " + (who.empty() ? "PID" : who) +
                         "), or choose another directory with --state-dir");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.fd_, 0) != 0 ||
      ::pwrite(lock.fd_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return ErrnoStatus("write " + path, errno);
  }
  return lock;
}

OperatorLock::~OperatorLock() {
  if (fd_ >= 0) ::close(fd_);  // the file stays: removing it would let two hold "the" lock
}

}  // namespace lockstep
