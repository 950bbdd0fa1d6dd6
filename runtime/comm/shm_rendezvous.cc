#include "runtime/comm/shm_rendezvous.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace lockstep {
namespace {

constexpr std::uint32_t kMagic = 0x4c4b5332;  // changes with what lies in the shared memory
constexpr int kRetryMs = 5;

struct Hello {
  std::uint32_t magic = kMagic;
  std::int32_t rank = 0;
  std::int32_t size = 0;
};

struct Reply {
  StatusKind kind = StatusKind::kOk;  // ok: the file comes along
  char message[511] = {};
};

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::uint64_t Fnv1a(const std::string& text, std::uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// Names have at most 107 bytes, keys any length: so a hash. 128 bits, since a collision would mix
// two jobs.
std::pair<sockaddr_un, socklen_t> AddressOf(const std::string& key) {
  char name[80];
  const int length =
      std::snprintf(name, sizeof(name), "lockstep-%u-%016llx%016llx", geteuid(),
                    static_cast<unsigned long long>(Fnv1a(key, 0xcbf29ce484222325u)),
                    static_cast<unsigned long long>(Fnv1a(key, 0x9e3779b97f4a7c15u)));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name, static_cast<std::size_t>(length));
  return {address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length)};
}

int MillisecondsLeft(MonotonicTime deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000));
}

// False when the deadline has passed.
bool WaitReadable(int fd, MonotonicTime deadline) {
  pollfd entry = {fd, POLLIN, 0};
  while (true) {
    const int left = MillisecondsLeft(deadline);
    const int ready = poll(&entry, 1, left);
    if (ready > 0) return true;
    if (ready == 0 && left == 0) return false;
  }
}

// An abstract socket has no permissions of its own.
bool SameUser(int fd) {
  ucred peer = {};
  socklen_t length = sizeof(peer);
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == geteuid();
}

void SendReply(int fd, const Status& status, int file) {
  Reply reply;
  reply.kind = status.kind();
  std::snprintf(reply.message, sizeof(reply.message), "%s", status.message().c_str());
  iovec part = {&reply, sizeof(reply)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (status.ok()) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &file, sizeof(int));
  }
  // A rank that died meanwhile is missed at the first operation.
  (void)sendmsg(fd, &message, MSG_NOSIGNAL);
}

Result<int> ReceiveReply(int fd) {
  Reply reply;
  iovec part = {&reply, sizeof(reply)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (got == sizeof(reply) && reply.kind != StatusKind::kOk) {
    reply.message[sizeof(reply.message) - 1] = '\0';
    return Status(reply.kind, reply.message);
  }
  if (got != sizeof(reply) || header == nullptr || header->cmsg_type != SCM_RIGHTS)
    return Unavailable("rank 0 ended before the group had met");
  int file = -1;
  std::memcpy(&file, CMSG_DATA(header), sizeof(int));
  return file;
}

// Rank 0's view: who came, each on a socket that waits for the reply.
class Gathering {
 public:
  explicit Gathering(int size) : size_(size), came_(size, false) { came_[0] = true; }

  bool Complete() const { return sockets_.size() + 1 == static_cast<std::size_t>(size_); }

  // A stranger is dropped; a rank of ours that contradicts the others fails the group.
  Status Admit(Socket socket, MonotonicTime deadline) {
    Hello hello;
    if (!SameUser(socket.fd()) || !WaitReadable(socket.fd(), deadline) ||
        recv(socket.fd(), &hello, sizeof(hello), 0) != sizeof(hello) || hello.magic != kMagic)
      return OkStatus();
    sockets_.push_back(std::move(socket));
    const std::string who =
        "rank " + std::to_string(hello.rank) + " of " + std::to_string(hello.size);
    if (hello.size != size_ || hello.rank < 0 || hello.rank >= size_)
      return InvalidArgument(who + " came to a group of " + std::to_string(size_));
    if (came_[hello.rank])
      return InvalidArgument("two processes say that they are " + who +
                             ": every process needs its own rank from the launcher");
    came_[hello.rank] = true;
    return OkStatus();
  }

  void ReplyToAll(const Status& status, int file) {
    for (const Socket& socket : sockets_) SendReply(socket.fd(), status, file);
  }

  std::string Missing() const {
    std::string text;
    for (int rank = 0; rank < size_; ++rank)
      if (!came_[rank]) text += (text.empty() ? "" : ", ") + std::to_string(rank);
    return text;
  }

 private:
  const int size_;
  std::vector<bool> came_;
  std::vector<Socket> sockets_;
};

Status Lead(const std::string& key, int size, int file, MonotonicTime deadline) {
  const Socket listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const auto [address, length] = AddressOf(key);
  if (listener.fd() < 0 ||
      bind(listener.fd(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    if (errno == EADDRINUSE)
      return AlreadyExists("another job meets under the name '" + key +
                           "' on this host: is it running twice?");
    return ErrnoStatus("open the socket on which the ranks meet", errno);
  }
  if (listen(listener.fd(), size) != 0) return ErrnoStatus("listen for the ranks", errno);
  Gathering gathering(size);
  Status status;
  while (status.ok() && !gathering.Complete()) {
    if (!WaitReadable(listener.fd(), deadline)) {
      status = DeadlineExceeded("of " + std::to_string(size) + " ranks, these did not come: " +
                                gathering.Missing() + " (group '" + key + "')");
      break;
    }
    const int accepted = accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted >= 0) status = gathering.Admit(Socket(accepted), deadline);
  }
  gathering.ReplyToAll(status, file);
  return status;
}

Result<int> Follow(const std::string& key, int rank, int size, MonotonicTime deadline) {
  const auto [address, length] = AddressOf(key);
  const Socket mine(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (mine.fd() < 0) return ErrnoStatus("open a socket to rank 0", errno);
  while (connect(mine.fd(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    if (errno != ECONNREFUSED && errno != EINTR && errno != EAGAIN)
      return ErrnoStatus("connect to rank 0", errno);
    if (MillisecondsLeft(deadline) == 0)
      return DeadlineExceeded("rank 0 did not come (group '" + key + "')");
    poll(nullptr, 0, kRetryMs);  // the kernel has no event for "somebody listens now"
  }
  if (!SameUser(mine.fd()))
    return FailedPrecondition("another user listens under the name of group '" + key + "'");
  const Hello hello = {.rank = rank, .size = size};
  if (send(mine.fd(), &hello, sizeof(hello), MSG_NOSIGNAL) != sizeof(hello))
    return ErrnoStatus("greet rank 0", errno);
  // Rank 0 names who is missing when its own deadline passes: leave it a moment to say so.
  if (!WaitReadable(mine.fd(), deadline + std::chrono::milliseconds(500)))
    return DeadlineExceeded("rank 0 has not gathered the ranks of group '" + key + "'");
  return ReceiveReply(mine.fd());
}

}  // namespace

Result<int> MeetAndShareFile(const std::string& key, int rank, int size, int file,
                             MonotonicTime deadline) {
  if (rank != 0) return Follow(key, rank, size, deadline);
  LOCKSTEP_RETURN_IF_ERROR(Lead(key, size, file, deadline));
  const int own = dup(file);
  if (own < 0) return ErrnoStatus("duplicate the shared memory file", errno);
  return own;
}

}  // namespace lockstep
