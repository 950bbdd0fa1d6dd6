// The launcher's own stdout and stderr, as a place for whole lines: never blocks the supervisor,
// never dies of a closed pipe, holds a bounded backlog.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep {

enum class Stream : int { kOut = 0, kErr = 1 };

class Terminal {
 public:
  // REQUIRES: SIGPIPE is ignored. The descriptors are not owned.
  Terminal(int out_fd, int err_fd);

  // `lines` ends with a line feed.
  void Write(Stream stream, std::string_view lines);
  // The readers are behind: read no more from the ranks until they have caught up.
  bool full() const;
  // The descriptor of `stream` that is to be watched for room, or -1.
  int waiting_fd(Stream stream) const;
  // Writes what can be written now.
  void Flush();
  // Writes the rest; gives up on a reader that takes nothing for `patience`.
  void Drain(std::chrono::milliseconds patience);

 private:
  struct Sink {
    int fd = -1;
    std::string backlog;
    std::size_t written = 0;  // of backlog
    bool closed = false;      // nobody reads any more: what comes is dropped
  };
  static bool HasRoom(int fd);
  static void FlushSink(Sink* sink);

  std::array<Sink, 2> sinks_;
  bool shared_ = false;  // both are the same file: one queue keeps lines whole
};

}  // namespace lockstep
