// One rank of a job that meets its peers over TCP: `port_peer JOB ME OWN_PORT (NAME HOST:PORT)...`.
// Listens on its port without SO_REUSEADDR, as most programs do; dials each peer and reads who it
// is; ends when all its peers have dialled it and are who they should be. 3: somebody else answers.
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int kBoundMs = 30'000;
constexpr int kRetryMs = 5;

struct Peer {
  std::string name;
  sockaddr_in address{};
};

int Fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  return 1;
}

bool Resolve(const std::string& text, sockaddr_in* address) {
  const std::size_t colon = text.rfind(':');
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(text.substr(0, colon).c_str(), text.substr(colon + 1).c_str(), &hints, &found) !=
      0) {
    return false;
  }
  std::memcpy(address, found->ai_addr, sizeof(*address));
  freeaddrinfo(found);
  return true;
}

int Listen(int port, int backlog) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&place), sizeof(place)) != 0) return -1;
  return listen(fd, backlog) == 0 ? fd : -1;
}

// What the peer says of itself; "": it does not listen yet.
std::string Ask(const Peer& peer) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  std::string text;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&peer.address), sizeof(peer.address)) == 0) {
    char buffer[256];
    for (ssize_t n = 0; (n = read(fd, buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<std::size_t>(n));
    }
  }
  close(fd);
  return text;
}

// Answers whoever dials, for so long.
int Answer(int listening, const std::string& self, int timeout_ms) {
  pollfd readable{listening, POLLIN, 0};
  if (poll(&readable, 1, timeout_ms) != 1) return 0;
  const int fd = accept(listening, nullptr, nullptr);
  if (fd < 0) return 0;
  (void)!write(fd, self.data(), self.size());
  close(fd);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) return 2;
  const std::string job = argv[1];
  const std::string self = job + " " + argv[2];
  std::vector<Peer> peers;
  for (int i = 4; i < argc; i += 2) {
    peers.push_back({argv[i]});
    if (!Resolve(argv[i + 1], &peers.back().address)) {
      std::fprintf(stderr, "%s: no such host\n", argv[i + 1]);
      return 1;
    }
  }
  const int listening = Listen(std::atoi(argv[3]), static_cast<int>(peers.size()) + 1);
  if (listening < 0) return Fail(self + ": listen on " + argv[3]);
  // A child answers, so that nobody waits for anybody.
  const pid_t child = fork();
  if (child == 0) {
    for (std::size_t answered = 0; answered < peers.size();) {
      const int got = Answer(listening, self, kBoundMs);
      if (got == 0) _exit(1);
      answered += static_cast<std::size_t>(got);
    }
    _exit(0);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBoundMs);
  for (const Peer& peer : peers) {
    std::string said;
    while ((said = Ask(peer)).empty()) {
      if (std::chrono::steady_clock::now() > end) return Fail(self + " waits for " + peer.name);
      poll(nullptr, 0, kRetryMs);  // it has yet to listen
    }
    if (said != job + " " + peer.name) {
      std::fprintf(stderr, "%s meets %s instead of %s\n", self.c_str(), said.c_str(),
                   peer.name.c_str());
      return 3;
    }
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return 1;
  return status == 0 ? 0 : 1;
}
