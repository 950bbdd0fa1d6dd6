#include "launcher/terminal.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lockstep {
namespace {

constexpr std::size_t kBacklogMax = std::size_t{4} << 20;
// A pipe that poll calls writable takes this many bytes without blocking (PIPE_BUF). Switching the
// descriptor to non-blocking would switch it for the user's shell as well.
constexpr std::size_t kChunk = 4096;

bool SameFile(int a, int b) {
  struct stat first{};
  struct stat second{};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace

Terminal::Terminal(int out_fd, int err_fd) : shared_(SameFile(out_fd, err_fd)) {
  sinks_[0].fd = out_fd;
  sinks_[1].fd = err_fd;
}

bool Terminal::HasRoom(int fd) {
  pollfd writable{fd, POLLOUT, 0};
  return poll(&writable, 1, 0) == 1;  // errors count: write will tell them
}

void Terminal::FlushSink(Sink* sink) {
  while (!sink->closed && sink->written < sink->backlog.size() && HasRoom(sink->fd)) {
    const std::size_t size = std::min(kChunk, sink->backlog.size() - sink->written);
    const ssize_t n = write(sink->fd, sink->backlog.data() + sink->written, size);
    if (n > 0) {
      sink->written += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      sink->closed = true;
    }
  }
  if (sink->closed || sink->written == sink->backlog.size()) {
    sink->backlog.clear();
    sink->written = 0;
  }
}

void Terminal::Write(Stream stream, std::string_view lines) {
  Sink& sink = sinks_[shared_ ? 0 : static_cast<std::size_t>(stream)];
  if (sink.closed) return;
  sink.backlog += lines;
  FlushSink(&sink);
}

bool Terminal::full() const {
  return std::ranges::any_of(
      sinks_, [](const Sink& sink) { return sink.backlog.size() - sink.written > kBacklogMax; });
}

int Terminal::waiting_fd(Stream stream) const {
  const Sink& sink = sinks_[static_cast<std::size_t>(stream)];
  return sink.backlog.empty() ? -1 : sink.fd;
}

void Terminal::Flush() {
  for (Sink& sink : sinks_) FlushSink(&sink);
}

void Terminal::Drain(std::chrono::milliseconds patience) {
  for (Sink& sink : sinks_) {
    for (FlushSink(&sink); !sink.backlog.empty(); FlushSink(&sink)) {
      pollfd writable{sink.fd, POLLOUT, 0};
      if (poll(&writable, 1, static_cast<int>(patience.count())) == 0) break;
    }
  }
}

}  // namespace lockstep
