// Verbs that apply while the operator leaves: no apply is lost, none is done twice.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "cli/operator_idle.h"
#include "cli/session.h"
#include "operators/serve/http_server.h"
#include "operators/store/memory_store.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

// What `lockstep operator` does, without a process around it: serves, leaves as soon as nobody is
// connected, and is started again by whoever finds nobody. What it created stays, as on a disk.
class LeavingOperator {
 public:
  explicit LeavingOperator(std::string socket_path) {
    options_.socket_path = std::move(socket_path);
  }
  ~LeavingOperator() {
    if (thread_.joinable()) thread_.join();
  }

  // As StartDetachedOperator: AlreadyExists when one is there.
  Status Start() {
    std::lock_guard lock(mutex_);
    if (lock_held_.exchange(true)) return AlreadyExists("another operator is there");
    if (thread_.joinable()) thread_.join();
    auto server = HttpServer::Start(
        options_, [this](const HttpRequest& request) { return Handle(request); }, *store_);
    if (!server.ok()) {
      lock_held_ = false;
      return server.status();
    }
    ++starts_;
    thread_ = std::thread([this, owned = *std::move(server)]() mutable {
      while (owned->connections() > 0 || !owned->TryLeave([] { return true; })) {
        std::this_thread::yield();
      }
      owned.reset();
      lock_held_ = false;
    });
    return OkStatus();
  }

  int starts() const { return starts_; }
  // False: it still serves after half a minute without a request.
  bool AwaitGone() const {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (lock_held_ && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return !lock_held_;
  }
  std::multiset<std::string> created() {
    std::lock_guard lock(created_mutex_);
    return created_;
  }

 private:
  HttpResponse Handle(const HttpRequest& request) {
    HttpResponse response;
    if (request.method == "GET") {
      response.body = {{"version", "test"}, {"protocol", kProtocolVersion}, {"pid", 1}};
      return response;
    }
    std::lock_guard lock(created_mutex_);
    const bool is_new = created_.count(request.body) == 0;
    if (is_new) created_.insert(request.body);
    response.code = is_new ? 201 : 409;
    if (!is_new) response.body = EncodeStatus(AlreadyExists(request.body));
    return response;
  }

  HttpServerOptions options_;
  std::unique_ptr<Store> store_ = MakeMemoryStore();
  std::mutex mutex_;
  std::atomic<bool> lock_held_{false};
  std::atomic<int> starts_{0};
  std::thread thread_;
  std::mutex created_mutex_;
  std::multiset<std::string> created_;
};

TEST(LeaveRace, NoApplyIsLostIn1000Rounds) {
  constexpr int kRounds = 1000;
  const unsigned seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  std::printf("seed %u\n", seed);
  std::minstd_rand random(seed);
  char path[] = "/tmp/lockstep-race-XXXXXX";
  const std::string dir = mkdtemp(path);
  {
    LeavingOperator leaving(dir + "/operator.sock");
    SessionOptions options;
    options.state_dir = {dir};
    options.version = "test";
    options.start = [&](const StateDir&, std::chrono::milliseconds) { return leaving.Start(); };
    for (int round = 0; round < kRounds; ++round) {
      // Fresh as a verb's; the pause lands anywhere between "still served" and "gone".
      Session session(options);
      const std::string name = "object-" + std::to_string(round);
      const auto reply = session.Call("POST", "/objects", name);
      ASSERT_TRUE(reply.ok()) << "round " << round << ": " << reply.status().ToString();
      const bool done = reply->http.code == 201 || (reply->http.code == 409 && reply->repeated);
      ASSERT_TRUE(done) << "round " << round << ": HTTP " << reply->http.code;
      // On a busy machine it would else hardly ever get to leave.
      if (random() % 10 == 0) {
        ASSERT_TRUE(leaving.AwaitGone()) << "round " << round;
      }
      for (unsigned spin = random() % 3000; spin > 0; --spin) {
        [[maybe_unused]] volatile unsigned burnt = spin;
      }
    }
    const auto created = leaving.created();
    EXPECT_EQ(created.size(), static_cast<std::size_t>(kRounds));
    for (int round = 0; round < kRounds; ++round) {
      EXPECT_EQ(created.count("object-" + std::to_string(round)), 1u) << "round " << round;
    }
    EXPECT_GT(leaving.starts(), 10) << "the operator hardly ever left: nothing was raced";
    std::printf("%d operators served %d applies\n", leaving.starts(), kRounds);
  }
  std::filesystem::remove_all(dir);
}

TEST(IdleTimer, WaitsForTheWholeTimeWithoutInterruption) {
  IdleTimer timer(100ms);
  const MonotonicTime start{};
  EXPECT_FALSE(timer.Look(true, start));
  EXPECT_FALSE(timer.Look(true, start + 99ms));
  EXPECT_FALSE(timer.Look(false, start + 100ms));
  EXPECT_FALSE(timer.Look(true, start + 101ms));
  EXPECT_TRUE(timer.Look(true, start + 201ms));
}

}  // namespace
}  // namespace lockstep
