// What a distributed program does first, and no more: reads who it is from the variables of its
// framework, listens where it is told to, reaches all its peers, and says so. Each answers with its
// own name, so that a stranger on the port is an error.
//
//   TF_CONFIG                           every task reaches every task
//   MASTER_ADDR, RANK, WORLD_SIZE       everybody reaches rank 0; PET_* in their place
//   DMLC_TRACKER_URI, DMLC_TASK_ID      the same with task 0
//
// Prints "ME reached N peers" and "accuracy=N". A parameter server then serves until it is stopped.
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kNameBytes = 64;

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "peer_probe: %s: %s\n", why.c_str(), std::strerror(errno));
  std::exit(1);
}

std::string Env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}
std::string FirstOf(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const std::string value = Env(name); !value.empty()) return value;
  }
  return "";
}

struct Peer {
  std::string name;
  std::string host;
  std::string port;
};

struct Place {
  Peer me;
  std::vector<Peer> to_reach;
  std::size_t callers = 0;  // how many will reach me
  bool serves = false;
};

void WriteName(int fd, const std::string& name) {
  std::string padded = name;
  padded.resize(kNameBytes);
  if (write(fd, padded.data(), padded.size()) != static_cast<ssize_t>(padded.size())) {
    Die("tell a peer my name");
  }
}
std::string ReadName(int fd) {
  char text[kNameBytes + 1] = {};
  for (std::size_t have = 0; have < kNameBytes;) {
    const ssize_t n = read(fd, text + have, kNameBytes - have);
    if (n <= 0) return "";
    have += static_cast<std::size_t>(n);
  }
  return text;
}

int Listen(const std::string& port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(fd, 64) != 0) {
    Die("listen on port " + port);
  }
  return fd;
}

// Again until it listens.
int Dial(const Peer& peer, Clock::time_point end) {
  while (Clock::now() < end) {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(peer.host.c_str(), peer.port.c_str(), &hints, &found);
    if (error != 0) Die("look up " + peer.host + ": " + gai_strerror(error));
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int connected = connect(fd, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (connected == 0) return fd;
    close(fd);
    poll(nullptr, 0, 20);
  }
  Die("reach " + peer.name + " at " + peer.host + ":" + peer.port);
}

Place FromTfConfig(const std::string& text) {
  const auto config = nlohmann::json::parse(text);
  const std::string type = config.at("task").at("type");
  const int index = config.at("task").at("index");
  Place place;
  place.serves = type == "ps";
  for (const auto& [kind, addresses] : config.at("cluster").items()) {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const std::string address = addresses[i];
      const std::size_t colon = address.rfind(':');
      const Peer peer{kind + "/" + std::to_string(i), address.substr(0, colon),
                      address.substr(colon + 1)};
      if (kind == type && static_cast<int>(i) == index) {
        place.me = peer;
      } else {
        place.to_reach.push_back(peer);
      }
    }
  }
  if (place.me.port.empty()) Die("find " + type + "/" + std::to_string(index) + " in the cluster");
  place.callers = place.to_reach.size();
  return place;
}

Place FromMaster() {
  const std::string host = FirstOf({"MASTER_ADDR", "PET_MASTER_ADDR", "DMLC_TRACKER_URI"});
  const std::string port = FirstOf({"MASTER_PORT", "PET_MASTER_PORT", "DMLC_TRACKER_PORT"});
  const std::string rank = FirstOf({"RANK", "PET_NODE_RANK", "DMLC_TASK_ID"});
  const std::string size = FirstOf({"WORLD_SIZE", "PET_NNODES", "DMLC_NUM_WORKER"});
  if (host.empty() || port.empty() || rank.empty() || size.empty()) {
    Die("find who I am: '" + host + "' '" + port + "' '" + rank + "' '" + size + "'");
  }
  Place place;
  place.me = {"rank/" + rank, host, port};
  if (rank == "0") {
    place.callers = static_cast<std::size_t>(std::stoi(size)) - 1;
  } else {
    place.to_reach.push_back({"rank/0", host, port});
  }
  return place;
}

}  // namespace

int main() {
  const std::string tf_config = Env("TF_CONFIG");
  const Place place = tf_config.empty() ? FromMaster() : FromTfConfig(tf_config);
  const auto end = Clock::now() + kPatience;
  const int listener = place.callers > 0 || place.serves ? Listen(place.me.port) : -1;
  std::vector<int> dialled;
  for (const Peer& peer : place.to_reach) {
    dialled.push_back(Dial(peer, end));
    WriteName(dialled.back(), place.me.name);
  }
  std::set<std::string> callers;
  while (callers.size() < place.callers) {
    pollfd ready{listener, POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
      Die("be reached by all: " + std::to_string(callers.size()) + " of " +
          std::to_string(place.callers) + " came");
    }
    const int fd = accept(listener, nullptr, nullptr);
    const std::string name = ReadName(fd);
    if (name.empty() || !callers.insert(name).second) Die("know who calls: '" + name + "'");
    WriteName(fd, place.me.name);
  }
  for (std::size_t i = 0; i < dialled.size(); ++i) {
    const std::string name = ReadName(dialled[i]);
    if (name != place.to_reach[i].name) {
      Die("meet " + place.to_reach[i].name + ": it is '" + name + "'");
    }
  }
  const std::size_t peers = std::max(place.to_reach.size(), place.callers);
  std::printf("%s reached %zu peers\naccuracy=%zu\n", place.me.name.c_str(), peers, peers);
  std::fflush(stdout);
  while (place.serves) poll(nullptr, 0, -1);
  return 0;
}
