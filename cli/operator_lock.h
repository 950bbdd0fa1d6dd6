// One operator a state directory: a lock file that is held for as long as the operator lives.
#pragma once

#include <utility>

#include "cli/state_dir.h"
#include "runtime/base/status.h"

namespace lockstep {

class OperatorLock {
 public:
  // AlreadyExists: another process holds it; the message names its pid and the directory.
  static Result<OperatorLock> Acquire(const StateDir& dir);

  OperatorLock(OperatorLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OperatorLock& operator=(OperatorLock&&) = delete;
  ~OperatorLock();

 private:
  explicit OperatorLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace lockstep
