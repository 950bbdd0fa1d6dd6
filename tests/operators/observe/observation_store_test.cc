// What every ObservationStore must do, run over both; then what only a file can.
#include "operators/observe/observation_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "operators/observe/memory_observation_store.h"
#include "operators/observe/read_position.h"
#include "operators/observe/sqlite_observation_store.h"
#include "operators/store/sqlite_store.h"
#include "tests/operators/store/temporary_folder.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MetricRow Row(std::string name, std::string value) {
  return {std::move(name), std::move(value), "2026-11-22T06:30:00Z", 1};
}

ReadMark Log(std::string before, std::string after) {
  return {"log", std::move(before), std::move(after)};
}

class EveryObservationStore : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    store_ = GetParam() == "memory"
                 ? MakeMemoryObservationStore()
                 : std::move(OpenSqliteObservationStore(folder_.File("state.db"))).value();
  }
  std::vector<MetricRow> Rows(std::string_view trial, std::string_view name = "") {
    return store_->Rows(trial, name).value();
  }

  TemporaryFolder folder_;
  std::unique_ptr<ObservationStore> store_;
};

TEST_P(EveryObservationStore, KnowsNothingOfATrialThatReportedNothing) {
  EXPECT_THAT(Rows("t"), IsEmpty());
  EXPECT_EQ(store_->Mark("t", "log").value(), "");
  EXPECT_TRUE(store_->Forget("t").ok());
}

TEST_P(EveryObservationStore, KeepsRowsInOrderAndByName) {
  ASSERT_TRUE(store_->Append("t", {Row("loss", "1"), Row("acc", "2")}, Log("", "10")).ok());
  ASSERT_TRUE(store_->Append("t", {Row("loss", "")}, Log("10", "20")).ok());
  ASSERT_TRUE(store_->Append("u", {Row("loss", "7")}, Log("", "5")).ok());
  EXPECT_THAT(Rows("t"), ElementsAre(Row("loss", "1"), Row("acc", "2"), Row("loss", "")));
  EXPECT_THAT(Rows("t", "loss"), ElementsAre(Row("loss", "1"), Row("loss", "")));
  EXPECT_THAT(Rows("t", "lo"), IsEmpty());
  EXPECT_EQ(store_->Mark("t", "log").value(), "20");
}

TEST_P(EveryObservationStore, CountsAndGivesTheFirstRowsAlone) {
  const std::vector<MetricRow> rows = {Row("loss", "1"), Row("acc", "2"), Row("loss", "3"),
                                       Row("loss", "4")};
  ASSERT_TRUE(store_->Append("t", rows, Log("", "1")).ok());
  EXPECT_THAT(store_->Rows("t", "loss", 2).value(),
              ElementsAre(Row("loss", "1"), Row("loss", "3")));
  EXPECT_THAT(store_->Rows("t", "", 2).value(), ElementsAre(Row("loss", "1"), Row("acc", "2")));
  EXPECT_THAT(store_->Rows("t", "loss", 0).value(), IsEmpty());
  EXPECT_EQ(store_->Rows("t", "loss", 9).value().size(), 3U);
  EXPECT_EQ(store_->Count("t", "loss").value(), 3U);
  EXPECT_EQ(store_->Count("t", "lo").value(), 0U);
  EXPECT_EQ(store_->Count("u", "loss").value(), 0U);
}

TEST_P(EveryObservationStore, KeepsAMarkForEachSourceOfEachTrial) {
  ASSERT_TRUE(store_->Append("t", {Row("loss", "1")}, Log("", "10")).ok());
  ASSERT_TRUE(store_->Append("t", {Row("loss", "2")}, {"file:a\nb", "", "5"}).ok());
  ASSERT_TRUE(store_->Append("u", {Row("loss", "3")}, Log("", "7")).ok());
  EXPECT_EQ(store_->Mark("t", "log").value(), "10");
  EXPECT_EQ(store_->Mark("t", "file:a\nb").value(), "5");
  EXPECT_EQ(store_->Mark("u", "log").value(), "7");
  EXPECT_EQ(store_->Mark("u", "file:a\nb").value(), "");
  EXPECT_THAT(Rows("t"), ElementsAre(Row("loss", "1"), Row("loss", "2")));
  ASSERT_TRUE(store_->Forget("t").ok());
  EXPECT_EQ(store_->Mark("t", "file:a\nb").value(), "");
}

TEST_P(EveryObservationStore, MovesTheMarkWithoutRows) {
  ASSERT_TRUE(store_->Append("t", {}, Log("", "10")).ok());
  EXPECT_EQ(store_->Mark("t", "log").value(), "10");
}

TEST_P(EveryObservationStore, RefusesRowsThatWereReadFromAnotherMark) {
  ASSERT_TRUE(store_->Append("t", {Row("loss", "1")}, Log("", "10")).ok());
  const Status again = store_->Append("t", {Row("loss", "1")}, Log("", "10"));
  EXPECT_EQ(again.kind(), StatusKind::kConflict);
  EXPECT_THAT(again.message(), testing::HasSubstr("log is read up to \"10\", not \"\""));
  EXPECT_EQ(store_->Append("new", {Row("loss", "1")}, Log("3", "10")).kind(),
            StatusKind::kConflict);
  EXPECT_EQ(Rows("t").size(), 1u);
  EXPECT_THAT(Rows("new"), IsEmpty());
  EXPECT_EQ(store_->Append("t", {}, Log("7", "7")).kind(), StatusKind::kConflict);
}

TEST_P(EveryObservationStore, ForgetsOneTrialAlone) {
  ASSERT_TRUE(store_->Append("t", {Row("loss", "1")}, Log("", "10")).ok());
  ASSERT_TRUE(store_->Append("u", {Row("loss", "2")}, Log("", "10")).ok());
  ASSERT_TRUE(store_->Forget("t").ok());
  EXPECT_THAT(Rows("t"), IsEmpty());
  EXPECT_EQ(store_->Mark("t", "log").value(), "");
  EXPECT_THAT(Rows("u"), ElementsAre(Row("loss", "2")));
}

TEST_P(EveryObservationStore, LetsOneOfManyReadersWin) {
  std::atomic<int> won = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      for (int position = 0; position < 20; ++position) {
        if (store_
                ->Append("t", {Row("loss", std::to_string(position))},
                         Log(position == 0 ? "" : std::to_string(position),
                             std::to_string(position + 1)))
                .ok()) {
          ++won;
        }
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  ASSERT_EQ(won, 20);
  const std::vector<MetricRow> rows = Rows("t");
  ASSERT_EQ(rows.size(), 20u);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(rows[static_cast<std::size_t>(i)].value, std::to_string(i));
}

INSTANTIATE_TEST_SUITE_P(Stores, EveryObservationStore, testing::Values("memory", "sqlite"),
                         [](const auto& suite) { return suite.param; });

TEST(SqliteObservationStore, GoesOnWhereItWas) {
  const TemporaryFolder folder;
  {
    const auto store = std::move(OpenSqliteObservationStore(folder.File("state.db"))).value();
    ASSERT_TRUE(store->Append("t", {Row("loss", "1")}, Log("", "10")).ok());
  }
  const auto store = std::move(OpenSqliteObservationStore(folder.File("state.db"))).value();
  EXPECT_THAT(store->Rows("t", "").value(), ElementsAre(Row("loss", "1")));
  EXPECT_EQ(store->Mark("t", "log").value(), "10");
}

// As version 1 wrote it.
constexpr char kVersion1[] = R"(
CREATE TABLE objects(
  kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY(kind, namespace, name)) WITHOUT ROWID;
CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE metric_rows(
  id INTEGER PRIMARY KEY, trial TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  time TEXT NOT NULL, step INTEGER NOT NULL);
CREATE INDEX metric_rows_of_trial ON metric_rows(trial, id);
CREATE TABLE read_positions(trial TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO metric_rows VALUES(1, 't', 'loss', '1', '2026-11-22T06:30:00Z', 1);
INSERT INTO read_positions VALUES('t', 10), ('u', (2 << 48) | 12345678901);
PRAGMA application_id = 0x4c6b7374;
PRAGMA user_version = 1;
)";

TEST(SqliteObservationStore, GoesOnWithAFileOfVersion1) {
  const TemporaryFolder folder;
  SQLite::Database(folder.File("state.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec(kVersion1);
  for (int opened = 0; opened < 2; ++opened) {
    const auto store = std::move(OpenSqliteObservationStore(folder.File("state.db"))).value();
    EXPECT_THAT(store->Rows("t", "").value(), ElementsAre(Row("loss", "1")));
    EXPECT_EQ(ParseReadPosition(store->Mark("t", "stdout").value()).value(),
              (ReadPosition{.offset = 10}));
    EXPECT_EQ(ParseReadPosition(store->Mark("u", "stdout").value()).value(),
              (ReadPosition{.generation = 2, .offset = 12345678901}));
    EXPECT_EQ(store->Mark("v", "stdout").value(), "");
  }
}

// As version 2 wrote it.
constexpr char kVersion2[] = R"(
CREATE TABLE objects(
  kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY(kind, namespace, name)) WITHOUT ROWID;
CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE metric_rows(
  id INTEGER PRIMARY KEY, trial TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  time TEXT NOT NULL, step INTEGER NOT NULL);
CREATE INDEX metric_rows_of_trial ON metric_rows(trial, id);
CREATE TABLE read_marks(
  trial TEXT NOT NULL, source TEXT NOT NULL, mark TEXT NOT NULL,
  PRIMARY KEY(trial, source)) WITHOUT ROWID;
INSERT INTO metric_rows VALUES(1, 't', 'loss', '1', '2026-11-22T06:30:00Z', 1),
  (2, 'u', 'loss', '7', '2026-11-22T06:30:00Z', 1), (3, 't', 'acc', '', '2026-11-22T06:30:00Z', 1);
WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
  INSERT INTO metric_rows SELECT NULL, 'many', 'loss', i, '2026-11-22T06:30:00Z', i FROM n;
INSERT INTO read_marks VALUES('t', 'stdout', '10');
PRAGMA application_id = 0x4c6b7374;
PRAGMA user_version = 2;
)";

TEST(SqliteObservationStore, GoesOnWithAFileOfVersion2) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(kVersion2);
  // Whoever opens the file first, the objects' store, which leaves the metrics alone, or ours.
  ASSERT_TRUE(SqliteStore::Open(path).ok());
  for (int opened = 0; opened < 2; ++opened) {
    const auto store = std::move(OpenSqliteObservationStore(path)).value();
    EXPECT_THAT(store->Rows("t", "").value(), ElementsAre(Row("loss", "1"), Row("acc", "")));
    EXPECT_THAT(store->Rows("u", "").value(), ElementsAre(Row("loss", "7")));
    EXPECT_EQ(store->Mark("t", "stdout").value(), "10");
    const std::vector<MetricRow> many = store->Rows("many", "loss").value();
    ASSERT_EQ(many.size(), 25'000u);
    for (std::size_t i = 0; i < many.size(); ++i) {
      ASSERT_EQ(many[i].value, std::to_string(i + 1));
      ASSERT_EQ(many[i].step, static_cast<std::int64_t>(i + 1));
    }
  }
  const auto store = std::move(OpenSqliteObservationStore(path)).value();
  ASSERT_TRUE(store->Append("t", {Row("loss", "2")}, {"stdout", "10", "20"}).ok());
  EXPECT_THAT(store->Rows("t", "loss").value(), ElementsAre(Row("loss", "1"), Row("loss", "2")));
}

TEST(SqliteObservationStore, SaysThatARowIsDamaged) {
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  const auto store = std::move(OpenSqliteObservationStore(path)).value();
  ASSERT_TRUE(store->Append("t", {Row("loss", "1")}, Log("", "10")).ok());
  SQLite::Database(path, SQLite::OPEN_READWRITE)
      .exec("UPDATE metric_chunks SET rows = substr(rows, 1, 9)");
  EXPECT_THAT(store->Rows("t", "").status().message(), testing::HasSubstr("damaged"));
}

TEST(SqliteObservationStore, SharesAFileWithTheObjects) {
  const TemporaryFolder folder;
  const auto objects = std::move(SqliteStore::Open(folder.File("state.db"))).value();
  const auto observations = std::move(OpenSqliteObservationStore(folder.File("state.db"))).value();
  Trial trial;
  trial.meta.name = "t";
  trial.meta.namespace_ = "default";
  ASSERT_TRUE(objects->Create(trial).ok());
  ASSERT_TRUE(observations->Append("t", {Row("loss", "1")}, Log("", "10")).ok());
  EXPECT_EQ(observations->Rows("t", "").value().size(), 1u);
}

}  // namespace
}  // namespace lockstep
