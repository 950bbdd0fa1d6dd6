#include "operators/serve/http_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <thread>

#include "cli/unix_http.h"
#include "operators/serve/watch_feed.h"
#include "operators/store/memory_store.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

TrainingJob Job(const std::string& name) {
  TrainingJob job;
  job.meta.name = name;
  job.meta.namespace_ = "default";
  return job;
}

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    char path[] = "/tmp/lockstep-serve-XXXXXX";
    dir_ = mkdtemp(path);
    options_.socket_path = dir_ + "/operator.sock";
    options_.bookmark_every = 50ms;
  }
  ~HttpServerTest() override {
    server_.reset();
    std::filesystem::remove_all(dir_);
  }

  // Echoes the body; /watch streams every TrainingJob.
  void Start() {
    auto server = HttpServer::Start(
        options_,
        [](const HttpRequest& request) {
          HttpResponse response;
          response.body = {{"got", request.body}};
          if (request.target == "/watch") response.watch = ListFilter{TrainingJob::kKind, "", {}};
          return response;
        },
        *store_);
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    server_ = *std::move(server);
  }

  Result<HttpReply> Post(const std::string& body) {
    return SendHttp({options_.socket_path, "POST", "/echo", body, 10s});
  }

  std::string dir_;
  HttpServerOptions options_;
  std::unique_ptr<Store> store_ = MakeMemoryStore();
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAndIsTheOwnersAlone) {
  Start();
  struct stat info{};
  ASSERT_EQ(stat(options_.socket_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto reply = Post("hello");
  ASSERT_TRUE(reply.ok()) << reply.status().ToString();
  EXPECT_EQ(reply->code, 200);
  EXPECT_EQ(Json::parse(reply->body)["got"], "hello");
}

TEST_F(HttpServerTest, RefusesABodyOverTheLimit) {
  options_.body_bytes_max = 10;
  Start();
  const auto reply = Post(std::string(11, 'x'));
  ASSERT_TRUE(reply.ok()) << reply.status().ToString();
  EXPECT_EQ(reply->code, 413);
}

TEST_F(HttpServerTest, RefusesConnectionsOverTheLimit) {
  options_.connections_max = 0;
  Start();
  const auto reply = Post("x");
  ASSERT_TRUE(reply.ok()) << reply.status().ToString();
  EXPECT_EQ(reply->code, 503);
}

TEST_F(HttpServerTest, DropsWhoSendsNoRequestInTime) {
  options_.request_deadline = 20ms;
  Start();
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  options_.socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  char byte = 0;
  EXPECT_EQ(read(fd, &byte, 1), 0) << "the server should have closed the connection";
  close(fd);
}

TEST_F(HttpServerTest, ATooLongSocketPathIsExplained) {
  options_.socket_path = dir_ + "/" + std::string(120, 'x');
  const auto server = HttpServer::Start(options_, nullptr, *store_);
  EXPECT_EQ(server.status().kind(), StatusKind::kInvalidArgument);
}

TEST_F(HttpServerTest, AWatchTellsWhatIsThereThenWhatChangesThenThatItLives) {
  ASSERT_TRUE(store_->Create(Job("first")).ok());
  Start();
  std::vector<std::string> seen;
  const auto ended =
      StreamHttp({options_.socket_path, "GET", "/watch", "", 10s}, [&](std::string_view line) {
        const Json event = Json::parse(line);
        const std::string type = event["type"];
        if (type == kWatchBookmark) return seen.size() < 3;
        seen.push_back(type + " " + event["object"]["metadata"]["name"].get<std::string>());
        if (seen.size() == 1) {
          EXPECT_TRUE(store_->Create(Job("second")).ok());
        }
        if (seen.size() == 2) {
          const ObjectKey key{TrainingJob::kKind, "default", "first"};
          Object job = **store_->Get(key);
          std::get<TrainingJob>(job).status.active = 1;
          EXPECT_TRUE(store_->UpdateStatus(job).ok());
        }
        return true;
      });
  EXPECT_TRUE(ended.ok()) << ended.status().ToString();
  EXPECT_EQ(seen, (std::vector<std::string>{"ADDED first", "ADDED second", "MODIFIED first"}));
}

TEST_F(HttpServerTest, StopsWhileAWatcherIsConnected) {
  ASSERT_TRUE(store_->Create(Job("first")).ok());
  Start();
  std::promise<void> watching;
  auto watcher = std::async(std::launch::async, [&] {
    bool told = false;
    return StreamHttp({options_.socket_path, "GET", "/watch", "", 10s}, [&](std::string_view) {
      if (!std::exchange(told, true)) watching.set_value();
      return true;
    });
  });
  watching.get_future().wait();
  server_.reset();
  EXPECT_EQ(watcher.get().status().kind(), StatusKind::kAborted);
  EXPECT_FALSE(std::filesystem::exists(options_.socket_path));
}

TEST_F(HttpServerTest, LeavesOnlyWhenNobodyIsConnectedAndTheStateIsQuiet) {
  Start();
  EXPECT_FALSE(server_->TryLeave([] { return false; }));
  ASSERT_TRUE(Post("still served").ok());
  const auto left = [&] { return server_->TryLeave([] { return true; }); };
  const auto deadline = std::chrono::steady_clock::now() + 10s;  // the connection has to close
  bool gone = left();
  while (!gone && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
    gone = left();
  }
  EXPECT_TRUE(gone);
  EXPECT_FALSE(std::filesystem::exists(options_.socket_path));
  EXPECT_EQ(Post("x").status().kind(), StatusKind::kUnavailable);
}

TEST_F(HttpServerTest, LeavesTooWhenItsSocketWasRemoved) {
  Start();
  ASSERT_TRUE(std::filesystem::remove(options_.socket_path));
  EXPECT_FALSE(server_->TryLeave([] { return false; }));
  EXPECT_TRUE(server_->TryLeave([] { return true; }));
}

TEST(WatchFeed, MergesWhatASlowWatcherHasNotBeenTold) {
  auto store = MakeMemoryStore();
  std::promise<void> added;
  std::atomic<int> calls{0};
  WatchFeed feed(*store, {TrainingJob::kKind, "", {}}, [&] {
    if (++calls == 2) added.set_value();
  });
  Object job = **store->Create(Job("a"));
  const ObjectKey key = KeyOf(job);
  ASSERT_TRUE(store->Create(Job("b")).ok());
  added.get_future().wait();
  std::get<TrainingJob>(job).status.active = 1;
  ASSERT_TRUE(store->UpdateStatus(job).ok());
  std::string lines;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (lines.find("\"active\":1") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline) {
    lines += feed.TakeLines();
  }
  EXPECT_NE(lines.find("\"name\":\"b\""), std::string::npos);
  EXPECT_NE(lines.find("\"active\":1"), std::string::npos);
  EXPECT_EQ(feed.TakeLines(), "");
}

}  // namespace
}  // namespace lockstep
