#include "runtime/base/status.h"

#include <cerrno>
#include <cstring>

namespace lockstep {

std::string_view StatusKindName(StatusKind kind) {
  switch (kind) {
    case StatusKind::kOk: return "Ok";
    case StatusKind::kNotFound: return "NotFound";
    case StatusKind::kAlreadyExists: return "AlreadyExists";
    case StatusKind::kConflict: return "Conflict";
    case StatusKind::kInvalidArgument: return "InvalidArgument";
    case StatusKind::kFailedPrecondition: return "FailedPrecondition";
    case StatusKind::kUnavailable: return "Unavailable";
    case StatusKind::kDeadlineExceeded: return "DeadlineExceeded";
    case StatusKind::kAborted: return "Aborted";
    case StatusKind::kInternal: return "Internal";
  }
  CHECK(false) << "status kind " << static_cast<int>(kind);
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  return std::string(StatusKindName(kind_)) + ": " + message_;
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return {kind_, std::string(context) + ": " + message_};
}

Status NotFound(std::string message) { return {StatusKind::kNotFound, std::move(message)}; }
Status AlreadyExists(std::string message) {
  return {StatusKind::kAlreadyExists, std::move(message)};
}
Status Conflict(std::string message) { return {StatusKind::kConflict, std::move(message)}; }
Status InvalidArgument(std::string message) {
  return {StatusKind::kInvalidArgument, std::move(message)};
}
Status FailedPrecondition(std::string message) {
  return {StatusKind::kFailedPrecondition, std::move(message)};
}
Status Unavailable(std::string message) { return {StatusKind::kUnavailable, std::move(message)}; }
Status DeadlineExceeded(std::string message) {
  return {StatusKind::kDeadlineExceeded, std::move(message)};
}
Status Aborted(std::string message) { return {StatusKind::kAborted, std::move(message)}; }
Status Internal(std::string message) { return {StatusKind::kInternal, std::move(message)}; }

namespace {

StatusKind KindOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT: return StatusKind::kNotFound;
    case EEXIST: return StatusKind::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS: return StatusKind::kFailedPrecondition;
    case EAGAIN:
    case EINTR: return StatusKind::kUnavailable;
    case ETIMEDOUT: return StatusKind::kDeadlineExceeded;
    default: return StatusKind::kInternal;
  }
}

}  // namespace

Status ErrnoStatus(std::string_view what, int error_number) {
  return {KindOfErrno(error_number), std::string(what) + ": " + std::strerror(error_number)};
}

}  // namespace lockstep
