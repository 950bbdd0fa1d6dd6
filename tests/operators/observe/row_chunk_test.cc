#include "operators/observe/row_chunk.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace lockstep {
namespace {

std::vector<MetricRow> Decode(std::string_view chunk, Status& status) {
  std::vector<MetricRow> rows;
  status = DecodeRows(chunk, [&](const ChunkRow& row) {
    rows.push_back(
        {std::string(row.name), std::string(row.value), std::string(row.time), row.step});
    return true;
  });
  return rows;
}

std::vector<MetricRow> RandomRows(std::mt19937& random) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const auto text = [&](std::size_t size) {
    std::string made(random() % size, ' ');
    for (char& c : made) c = static_cast<char>(random());
    return made;
  };
  std::vector<MetricRow> rows(random() % 40);
  for (MetricRow& row : rows) {
    row.name = random() % 4 == 0 ? text(300) : "loss";
    row.value = text(random() % 9 == 0 ? 400 : 9);
    row.time = random() % 2 == 0 ? text(40) : "2026-11-22T06:30:00Z";
    const std::int64_t steps[] = {0, 1, -1, kLeast, kMost, static_cast<std::int64_t>(random())};
    row.step = steps[random() % 6];
  }
  return rows;
}

TEST(RowChunk, GivesBackAnyRows) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::vector<MetricRow> rows = RandomRows(random);
    Status status;
    ASSERT_EQ(Decode(EncodeRows(rows), status), rows);
    ASSERT_TRUE(status.ok());
  }
}

TEST(RowChunk, TakesFewBytes) {
  std::vector<MetricRow> rows;
  for (int i = 0; i < 100; ++i) {
    rows.push_back({"loss", "0.2183", "2026-11-22T06:30:00Z", i});
    rows.push_back({"accuracy", "0.914", "2026-11-22T06:30:00Z", i});
  }
  EXPECT_LT(EncodeRows(rows).size(), 200u * 10);
}

TEST(RowChunk, StopsWhenNobodyWantsMore) {
  const std::string chunk = EncodeRows({{"a", "1", "t", 1}, {"a", "2", "t", 2}});
  int seen = 0;
  EXPECT_TRUE(DecodeRows(chunk, [&](const ChunkRow&) { return ++seen < 1; }).ok());
  EXPECT_EQ(seen, 1);
}

TEST(RowChunk, SurvivesDamage) {
  std::mt19937 random(2);
  int found = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string chunk = EncodeRows(RandomRows(random));
    if (random() % 2 == 0) {
      chunk.resize(random() % (chunk.size() + 1));
    } else {
      chunk[random() % chunk.size()] = static_cast<char>(random());
    }
    Status status;
    Decode(chunk, status);
    found += status.ok() ? 0 : 1;
  }
  EXPECT_GT(found, 5000);
  Status status;
  Decode("", status);
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace lockstep
