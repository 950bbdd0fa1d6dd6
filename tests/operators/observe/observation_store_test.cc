// What every ObservationStore must do, run over both; then what only a file can.
#include "operators/observe/observation_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "operators/observe/memory_observation_store.h"
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
  EXPECT_EQ(store_->Position("t").value(), 0u);
  EXPECT_TRUE(store_->Forget("t").ok());
}

TEST_P(EveryObservationStore, KeepsRowsInOrderAndByName) {
  ASSERT_TRUE(store_->Append("t", {Row("loss", "1"), Row("acc", "2")}, 0, 10).ok());
  ASSERT_TRUE(store_->Append("t", {Row("loss", "")}, 10, 20).ok());
  ASSERT_TRUE(store_->Append("u", {Row("loss", "7")}, 0, 5).ok());
  EXPECT_THAT(Rows("t"), ElementsAre(Row("loss", "1"), Row("acc", "2"), Row("loss", "")));
  EXPECT_THAT(Rows("t", "loss"), ElementsAre(Row("loss", "1"), Row("loss", "")));
  EXPECT_THAT(Rows("t", "lo"), IsEmpty());
  EXPECT_EQ(store_->Position("t").value(), 20u);
}

TEST_P(EveryObservationStore, MovesThePositionWithoutRows) {
  ASSERT_TRUE(store_->Append("t", {}, 0, 10).ok());
  EXPECT_EQ(store_->Position("t").value(), 10u);
}

TEST_P(EveryObservationStore, RefusesRowsThatWereReadFromAnotherPosition) {
  ASSERT_TRUE(store_->Append("t", {Row("loss", "1")}, 0, 10).ok());
  const Status again = store_->Append("t", {Row("loss", "1")}, 0, 10);
  EXPECT_EQ(again.kind(), StatusKind::kConflict);
  EXPECT_THAT(again.message(), testing::HasSubstr("read up to byte 10, not 0"));
  EXPECT_EQ(store_->Append("new", {Row("loss", "1")}, 3, 10).kind(), StatusKind::kConflict);
  EXPECT_EQ(Rows("t").size(), 1u);
  EXPECT_THAT(Rows("new"), IsEmpty());
  EXPECT_EQ(store_->Append("t", {}, 7, 7).kind(), StatusKind::kConflict);
}

TEST_P(EveryObservationStore, ForgetsOneTrialAlone) {
  ASSERT_TRUE(store_->Append("t", {Row("loss", "1")}, 0, 10).ok());
  ASSERT_TRUE(store_->Append("u", {Row("loss", "2")}, 0, 10).ok());
  ASSERT_TRUE(store_->Forget("t").ok());
  EXPECT_THAT(Rows("t"), IsEmpty());
  EXPECT_EQ(store_->Position("t").value(), 0u);
  EXPECT_THAT(Rows("u"), ElementsAre(Row("loss", "2")));
}

TEST_P(EveryObservationStore, LetsOneOfManyReadersWin) {
  std::atomic<int> won = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      for (std::uint64_t position = 0; position < 20; ++position) {
        if (store_->Append("t", {Row("loss", std::to_string(position))}, position, position + 1)
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
    ASSERT_TRUE(store->Append("t", {Row("loss", "1")}, 0, 10).ok());
  }
  const auto store = std::move(OpenSqliteObservationStore(folder.File("state.db"))).value();
  EXPECT_THAT(store->Rows("t", "").value(), ElementsAre(Row("loss", "1")));
  EXPECT_EQ(store->Position("t").value(), 10u);
}

TEST(SqliteObservationStore, SharesAFileWithTheObjects) {
  const TemporaryFolder folder;
  const auto objects = std::move(SqliteStore::Open(folder.File("state.db"))).value();
  const auto observations = std::move(OpenSqliteObservationStore(folder.File("state.db"))).value();
  Trial trial;
  trial.meta.name = "t";
  trial.meta.namespace_ = "default";
  ASSERT_TRUE(objects->Create(trial).ok());
  ASSERT_TRUE(observations->Append("t", {Row("loss", "1")}, 0, 10).ok());
  EXPECT_EQ(observations->Rows("t", "").value().size(), 1u);
}

}  // namespace
}  // namespace lockstep
