// CHECK(condition) << "why it must hold": ends the process with file, line, condition and message
// when our own reasoning was wrong. Never for what a user, a peer or the operating system may do:
// that is a Status.
#pragma once

#include <sstream>

namespace lockstep::internal {

// Collects the message; its destructor prints it to stderr and aborts.
class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  CheckFailure(const CheckFailure&) = delete;
  CheckFailure& operator=(const CheckFailure&) = delete;
  [[noreturn]] ~CheckFailure();

  template <class T>
  CheckFailure& operator<<(const T& value) {
    message_ << value;
    return *this;
  }

 private:
  std::ostringstream message_;
};

}  // namespace lockstep::internal

#undef CHECK  // libtorch's headers define one that throws
#define CHECK(condition) \
  if (condition)         \
    [[likely]];          \
  else                   \
    ::lockstep::internal::CheckFailure(__FILE__, __LINE__, #condition)
