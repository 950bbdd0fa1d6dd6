// What a store in a file must do beyond store_test.cc.
#include "operators/store/sqlite_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/operators/store/temporary_folder.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

Trial Named(std::string name) {
  Trial trial;
  trial.meta.name = std::move(name);
  trial.meta.namespace_ = "default";
  return trial;
}

std::unique_ptr<SqliteStore> Open(const std::string& path) {
  return std::move(SqliteStore::Open(path)).value();
}

std::string Bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

// It holds Secrets.
TEST(SqliteStore, NobodyElseMayReadTheFile) {
  const TemporaryFolder folder;
  const std::string fresh = folder.File("state.db");
  const std::string old = folder.File("old.db");
  const auto mode = [](const std::string& path) {
    struct stat file{};
    return ::stat(path.c_str(), &file) == 0 ? file.st_mode & 0777 : 0;
  };
  {
    const auto store = Open(old);
  }
  ASSERT_EQ(::chmod(old.c_str(), 0644), 0);
  // As an older operator that was killed leaves them.
  for (const char* beside : {"-wal", "-shm"}) {
    std::ofstream(old + beside).flush();
    ASSERT_EQ(::chmod((old + beside).c_str(), 0644), 0);
  }
  for (const std::string& path : {fresh, old}) {
    const auto store = Open(path);
    ASSERT_TRUE(store->Create(Named("a")).ok());
    EXPECT_EQ(mode(path), 0600u);
    EXPECT_EQ(mode(path + "-wal"), 0600u);
    EXPECT_EQ(mode(path + "-shm"), 0600u);
  }
}

// Metrics are written by a connection of their own; to open and close the file beside SQLite would
// give up the locks of all in this process.
TEST(SqliteStore, ASecondConnectionLeavesTheLocksOfTheFirst) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  const auto store = Open(path);
  ASSERT_TRUE(store->Create(Named("a")).ok());
  const auto second = Open(path);
  const pid_t other = ::fork();
  if (other == 0) {
    struct flock query{};
    query.l_type = F_WRLCK;
    query.l_whence = SEEK_SET;
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    ::_exit(::fcntl(fd, F_GETLK, &query) == 0 && query.l_type != F_UNLCK ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0) << "another program may take the file";
}

TEST(SqliteStore, IsTheSameAfterReopening) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  std::vector<ObjectPtr> before;
  std::uint64_t version = 0;
  {
    const auto store = Open(path);
    Trial first = std::get<Trial>(*store->Create(Named("a")).value());
    first.spec.parameter_assignments = {{"lr", "0.010"}, {"text", "\"quoted\"\n\xc3\xa4"}};
    first.spec.run_spec = Json::parse(R"({"kind":"Job","n":1,"x":0.1,"deep":[{"a":null}]})");
    ASSERT_TRUE(store->Update(first).ok());
    Trial second = std::get<Trial>(*store->Create(Named("b")).value());
    second.status.curve = {{1, "0.5"}, {2, "nan"}};
    ASSERT_TRUE(store->UpdateStatus(second).ok());
    version = std::stoull(MetaOf(*store->Create(Named("gone")).value()).resource_version);
    ASSERT_TRUE(store->Delete({"Trial", "default", "gone"}).ok());
    before = store->List({.kind = "Trial", .namespace_ = "", .labels = {}}).value();
  }
  const auto store = Open(path);
  const auto after = store->List({.kind = "Trial", .namespace_ = "", .labels = {}}).value();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(*after[i], *before[i]);
  // No version is given out twice, not even that of an object that is gone.
  EXPECT_GT(std::stoull(MetaOf(*store->Create(Named("c")).value()).resource_version), version);
}

TEST(SqliteStore, MakesUidsOfItsOwn) {
  const TemporaryFolder folder;
  const auto store = Open(folder.File("state.db"));
  const std::string uid = MetaOf(*store->Create(Named("a")).value()).uid;
  EXPECT_THAT(uid,
              testing::MatchesRegex("[0-9a-f]+-[0-9a-f]+-4[0-9a-f]+-[89ab][0-9a-f]+-[0-9a-f]+"));
  EXPECT_EQ(uid.size(), 36u);
  EXPECT_NE(uid, MetaOf(*store->Create(Named("b")).value()).uid);
}

TEST(SqliteStore, CommitsWhatWaitsTogether) {
  constexpr std::size_t kWriters = 32;
  const TemporaryFolder folder;
  const auto store = Open(folder.File("state.db"));
  SQLite::Database other(folder.File("state.db"), SQLite::OPEN_READWRITE);
  // While another connection holds the file, the first writes are stuck in their commit and all
  // others pile up behind them.
  auto held = std::make_unique<SQLite::Transaction>(other, SQLite::TransactionBehavior::IMMEDIATE);
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] { CHECK(store->Create(Named("t" + std::to_string(i))).ok()); });
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(4);
  while (store->stats().waiting < kWriters && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(store->stats().waiting, kWriters);
  held.reset();
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(store->stats().writes, kWriters);
  EXPECT_GE(store->stats().commits, 1u);
  EXPECT_LE(store->stats().commits, 2u);  // what was stuck, and all that came after it
}

TEST(SqliteStore, AnswersReadsWhileTheFileIsHeld) {
  const TemporaryFolder folder;
  const auto store = Open(folder.File("state.db"));
  ASSERT_TRUE(store->Create(Named("a")).ok());
  SQLite::Database other(folder.File("state.db"), SQLite::OPEN_READWRITE);
  auto held = std::make_unique<SQLite::Transaction>(other, SQLite::TransactionBehavior::IMMEDIATE);
  std::thread writer([&] { CHECK(store->Create(Named("b")).ok()); });
  EXPECT_TRUE(store->Get({"Trial", "default", "a"}).ok());
  EXPECT_EQ(store->Get({"Trial", "default", "b"}).status().kind(), StatusKind::kNotFound);
  held.reset();
  writer.join();
  EXPECT_TRUE(store->Get({"Trial", "default", "b"}).ok());
}

TEST(SqliteStore, ForgetsAWriteThatTheFileDidNotTake) {
  const TemporaryFolder folder;
  const auto store = Open(folder.File("state.db"));
  {
    SQLite::Database other(folder.File("state.db"), SQLite::OPEN_READWRITE);
    other.exec(
        "CREATE TRIGGER refuse BEFORE INSERT ON objects WHEN new.name = 'bad' "
        "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");
  }
  const Status refused = store->Create(Named("bad")).status();
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), HasSubstr("refused by the test"));
  EXPECT_EQ(store->Get({"Trial", "default", "bad"}).status().kind(), StatusKind::kNotFound);
  EXPECT_TRUE(store->Create(Named("good")).ok());
}

Suggestion WithPoints(Suggestion suggestion, int points) {
  for (int i = static_cast<int>(suggestion.status.suggestions.size()); i < points; ++i)
    suggestion.status.suggestions.push_back(
        {.name = "t-" + std::to_string(i), .parameter_assignments = {{"lr", "0.1"}}, .labels = {}});
  return suggestion;
}

Suggestion Points(const std::string& path) {
  return std::get<Suggestion>(*Open(path)->Get({"Suggestion", "default", "s"}).value());
}

int BlocksIn(const std::string& path) {
  return SQLite::Database(path).execAndGet("SELECT count(*) FROM suggestion_points").getInt();
}

TEST(SqliteStore, KeepsThePointsOfASuggestionInBlocks) {
  constexpr int kBlock = static_cast<int>(GrowingList<TrialAssignment>::kBlockSize);
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  Suggestion first;
  first.meta.name = "s";
  first.meta.namespace_ = "default";
  ASSERT_TRUE(Open(path)->Create(first).ok());
  for (const int points : {1, kBlock - 1, kBlock, kBlock + 1, 3 * kBlock + 5}) {
    const auto store = Open(path);  // what was there before it is not known to it
    for (int i = 0; i < 2; ++i) {   // and then it is
      const Suggestion now =
          std::get<Suggestion>(*store->Get({"Suggestion", "default", "s"}).value());
      ASSERT_TRUE(store->UpdateStatus(WithPoints(now, points + i)).ok());
    }
    const Suggestion wanted = WithPoints({}, points + 1);
    EXPECT_EQ(Points(path).status.suggestions, wanted.status.suggestions) << points;
    EXPECT_EQ(BlocksIn(path), (points + 1) / kBlock);
  }
  {
    const auto store = Open(path);
    Suggestion fewer = WithPoints({}, kBlock + 3);
    fewer.meta = MetaOf(*store->Get({"Suggestion", "default", "s"}).value());
    ASSERT_TRUE(store->UpdateStatus(fewer).ok());
  }
  EXPECT_EQ(Points(path).status.suggestions, WithPoints({}, kBlock + 3).status.suggestions);
  ASSERT_TRUE(Open(path)->Delete({"Suggestion", "default", "s"}).ok());
  EXPECT_EQ(BlocksIn(path), 0);
}

TEST(SqliteStore, GoesOnWithPointsAsVersion3HadThem) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  Suggestion search;
  search.meta.name = "s";
  search.meta.namespace_ = "default";
  ASSERT_TRUE(Open(path)->Create(search).ok());
  search.meta.uid = "u";
  search.meta.resource_version = "1";
  const Json all = EncodeObject(WithPoints(search, 100));
  {
    SQLite::Database file(path, SQLite::OPEN_READWRITE);
    file.exec("DROP TABLE suggestion_points; PRAGMA user_version = 3");
    SQLite::Statement put(file, "UPDATE objects SET json = ?");
    put.bind(1, all.dump());
    put.exec();
  }
  EXPECT_EQ(Points(path).status.suggestions, WithPoints({}, 100).status.suggestions);
  {
    const auto store = Open(path);
    const Suggestion now =
        std::get<Suggestion>(*store->Get({"Suggestion", "default", "s"}).value());
    ASSERT_TRUE(store->UpdateStatus(WithPoints(now, 101)).ok());
  }
  EXPECT_EQ(Points(path).status.suggestions, WithPoints({}, 101).status.suggestions);
}

TEST(SqliteStore, NamesTheBlockOfPointsThatIsGone) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  Suggestion search = WithPoints({}, 100);
  search.meta.name = "s";
  search.meta.namespace_ = "default";
  ASSERT_TRUE(Open(path)->Create(search).ok());
  SQLite::Database(path, SQLite::OPEN_READWRITE)
      .exec("DELETE FROM suggestion_points WHERE block = 1");
  const Status status = SqliteStore::Open(path).status();
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("Suggestion default/s cannot be read: block 1 of its "
                                          "points is missing"));
}

TEST(SqliteStore, RefusesANewerFileAndNamesBothVersions) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  Open(path);
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 7");
  const std::string before = Bytes(path);
  const Status status = SqliteStore::Open(path).status();
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(status.message(),
              HasSubstr(path + " was written by a newer Lockstep (state version 7, "
                               "this program knows up to 4)"));
  EXPECT_EQ(Bytes(path), before);
}

TEST(SqliteStore, RefusesADamagedFileAndLeavesItAsItIs) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  std::ofstream(path) << std::string(10000, 'x');
  const std::string before = Bytes(path);
  const Status status = SqliteStore::Open(path).status();
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr(path));
  EXPECT_THAT(status.message(), HasSubstr("damaged"));
  EXPECT_EQ(Bytes(path), before);
}

TEST(SqliteStore, RefusesAnObjectThatCannotBeRead) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  ASSERT_TRUE(Open(path)->Create(Named("a")).ok());
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("UPDATE objects SET json = '{\"kind\":'");
  const Status status = SqliteStore::Open(path).status();
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("Trial default/a cannot be read"));
}

TEST(SqliteStore, RefusesAnotherProgramsDatabase) {
  const TemporaryFolder folder;
  const std::string path = folder.File("places.sqlite");
  SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE t(x)");
  const Status status = SqliteStore::Open(path).status();
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("database of another program"));
}

TEST(SqliteStore, RefusesAFolderThatCannotBeWritten) {
  // Nobody, not even root, creates files in /proc.
  for (const std::string path : {"/proc/self/state.db", "/no/such/folder/state.db"}) {
    const Status status = SqliteStore::Open(path).status();
    EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(path));
  }
}

}  // namespace
}  // namespace lockstep
