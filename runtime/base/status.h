// Status and Result: how every operation on the world (disk, network, processes, user input)
// reports its outcome.
//
// Nothing of ours throws across a module border. A Status names what failed, where, why, and the
// next step; CHECK (runtime/base/check.h) is for our own mistakes only.
//
// Thread safety: values; copy them freely.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/check.h"

namespace lockstep {

enum class StatusKind : std::uint8_t {
  kOk,
  kNotFound,
  kAlreadyExists,
  kConflict,            // changed since it was read: read again and decide again
  kInvalidArgument,     // the input is wrong, whatever the state of the world
  kFailedPrecondition,  // the world must change first (a newer state directory, a missing program)
  kUnavailable,         // try later
  kDeadlineExceeded,
  kAborted,   // somebody ended it on purpose
  kInternal,  // the operating system or a library did what it should never do
};

// "NotFound", "AlreadyExists", ...
std::string_view StatusKindName(StatusKind kind);

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(StatusKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  bool ok() const { return kind_ == StatusKind::kOk; }
  StatusKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  // "ok", or the kind and the message: "NotFound: no Experiment default/x".
  std::string ToString() const;
  // The same kind with `context` and ": " in front of the message. An ok Status stays ok.
  Status WithContext(std::string_view context) const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusKind kind_ = StatusKind::kOk;
  std::string message_;
};

inline Status OkStatus() { return {}; }
Status NotFound(std::string message);
Status AlreadyExists(std::string message);
Status Conflict(std::string message);
Status InvalidArgument(std::string message);
Status FailedPrecondition(std::string message);
Status Unavailable(std::string message);
Status DeadlineExceeded(std::string message);
Status Aborted(std::string message);
Status Internal(std::string message);

// What errno says of `what` ("open /x/y"): ENOENT is NotFound, EEXIST AlreadyExists, EACCES, EPERM
// and EROFS FailedPrecondition, EAGAIN and EINTR Unavailable, ETIMEDOUT DeadlineExceeded, the rest
// Internal.
Status ErrnoStatus(std::string_view what, int error_number);

// A T, or the Status that says why there is none (never ok).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {
    CHECK(!status_.ok()) << "Result from ok Status";
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // REQUIRES: ok()
  T& value() & {
    CHECK(ok()) << status_.ToString();
    return *value_;
  }
  const T& value() const& {
    CHECK(ok()) << status_.ToString();
    return *value_;
  }
  T value() && {  // a value, so that `for (x : List().value())` reads what lives
    CHECK(ok()) << status_.ToString();
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

// Return early with the Status of a failed expression.
#define LOCKSTEP_RETURN_IF_ERROR(expression)                                        \
  do {                                                                              \
    if (::lockstep::Status lockstep_status_ = (expression); !lockstep_status_.ok()) \
      return lockstep_status_;                                                      \
  } while (false)

// LOCKSTEP_ASSIGN_OR_RETURN(auto plan, MakePlan(job));
#define LOCKSTEP_ASSIGN_OR_RETURN(lhs, expression) \
  LOCKSTEP_ASSIGN_OR_RETURN_IMPL_(LOCKSTEP_CONCAT_(lockstep_result_, __LINE__), lhs, expression)
#define LOCKSTEP_ASSIGN_OR_RETURN_IMPL_(result, lhs, expression) \
  auto result = (expression);                                    \
  if (!result.ok()) return result.status();                      \
  lhs = std::move(result).value()
#define LOCKSTEP_CONCAT_(a, b) LOCKSTEP_CONCAT_INNER_(a, b)
#define LOCKSTEP_CONCAT_INNER_(a, b) a##b

}  // namespace lockstep
