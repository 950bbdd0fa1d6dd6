#include "cli/session.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "cli/operator_lock.h"
#include "operators/serve/http_server.h"
#include "operators/store/memory_store.h"

namespace lockstep {
namespace {

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    char path[] = "/tmp/lockstep-session-XXXXXX";
    options_.state_dir = {mkdtemp(path)};
    options_.version = "0.1.0";
    options_.deadline = std::chrono::milliseconds(200);
  }
  ~SessionTest() override {
    server_.reset();
    std::filesystem::remove_all(options_.state_dir.path);
  }
  void Serve(int protocol) {
    HttpServerOptions options;
    options.socket_path = options_.state_dir.socket_path();
    auto server = HttpServer::Start(
        options,
        [protocol](const HttpRequest&) {
          HttpResponse response;
          response.body = {{"version", "9.9.9"}, {"protocol", protocol}, {"pid", 4711}};
          return response;
        },
        *store_);
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    server_ = *std::move(server);
  }

  SessionOptions options_;
  std::unique_ptr<Store> store_ = MakeMemoryStore();
  std::unique_ptr<HttpServer> server_;
};

TEST_F(SessionTest, StartsAnOperatorWhenNoneAnswers) {
  int starts = 0;
  options_.start = [&](const StateDir&, std::chrono::milliseconds) {
    ++starts;
    Serve(kProtocolVersion);
    return OkStatus();
  };
  Session session(options_);
  EXPECT_TRUE(session.Call("GET", "/version").ok());
  EXPECT_TRUE(session.Call("GET", "/version").ok());
  EXPECT_EQ(starts, 1);
}

TEST_F(SessionTest, AnotherProtocolIsExplainedWithBothVersions) {
  Serve(kProtocolVersion + 1);
  Session session(options_);
  const Status status = session.Call("GET", "/version").status();
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  for (const char* part : {"9.9.9", "0.1.0", "4711", "kill"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << part << ": " << status.message();
  }
}

TEST_F(SessionTest, GivesUpWhenAnOperatorIsThereButNeverAnswers) {
  options_.start = [](const StateDir&, std::chrono::milliseconds) {
    return AlreadyExists("another operator (pid 7) has it");
  };
  Session session(options_);
  const Status status = session.Call("GET", "/version").status();
  EXPECT_EQ(status.kind(), StatusKind::kDeadlineExceeded);
  EXPECT_NE(status.message().find("pid 7"), std::string::npos) << status.message();
}

TEST_F(SessionTest, AnOperatorThatCannotStartSaysWhyAtOnce) {
  options_.start = [](const StateDir&, std::chrono::milliseconds) {
    return FailedPrecondition("state.db is of a newer version");
  };
  Session session(options_);
  EXPECT_EQ(session.Call("GET", "/version").status(),
            FailedPrecondition("state.db is of a newer version"));
}

TEST_F(SessionTest, TheLockNamesWhoHoldsIt) {
  const auto first = OperatorLock::Acquire(options_.state_dir);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  const Status second = OperatorLock::Acquire(options_.state_dir).status();
  EXPECT_EQ(second.kind(), StatusKind::kAlreadyExists);
  EXPECT_NE(second.message().find("pid " + std::to_string(getpid())), std::string::npos);
  EXPECT_NE(second.message().find(options_.state_dir.path), std::string::npos);
}

TEST(FindStateDir, TakesTheFlagThenTheVariablesThenHome) {
  std::map<std::string, std::string, std::less<>> env = {
      {"LOCKSTEP_STATE_DIR", "/a"}, {"XDG_STATE_HOME", "/b"}, {"HOME", "/c"}};
  const EnvReader read = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = env.find(name);
    return found == env.end() ? std::nullopt : std::optional(found->second);
  };
  EXPECT_EQ(FindStateDir("/flag/", read)->path, "/flag");
  EXPECT_EQ(FindStateDir("", read)->path, "/a");
  env.erase("LOCKSTEP_STATE_DIR");
  EXPECT_EQ(FindStateDir("", read)->path, "/b/lockstep");
  env.erase("XDG_STATE_HOME");
  EXPECT_EQ(FindStateDir("", read)->path, "/c/.local/state/lockstep");
  env.clear();
  EXPECT_EQ(FindStateDir("", read).status().kind(), StatusKind::kFailedPrecondition);
}

}  // namespace
}  // namespace lockstep
