// kill -9 at random moments: rows and the mark of their source are kept together or not at all, and
// what was acknowledged is there.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>

#include "operators/observe/sqlite_observation_store.h"
#include "tests/operators/store/temporary_folder.h"

namespace lockstep {
namespace {

constexpr int kRounds = 20;
constexpr char kTrial[] = "trial-uid";

std::uint32_t NumberOf(const std::string& mark) {
  return mark.empty() ? 0 : static_cast<std::uint32_t>(std::stoul(mark));
}

// Of report i.
std::vector<MetricRow> RowsOf(std::uint32_t i) {
  std::vector<MetricRow> rows(1 + i % 5);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r].name = r % 2 == 0 ? "loss" : "accuracy";
    rows[r].value = std::to_string(i) + "." + std::to_string(r);
    rows[r].time = "0001-01-01T00:00:00Z";
    rows[r].step = i;
  }
  return rows;
}

// Reports until it is killed, each from where the mark says; tells on `pipe` what was acknowledged.
[[noreturn]] void ReportForever(const std::string& path, int pipe) {
  const auto store = std::move(OpenSqliteObservationStore(path)).value();
  for (std::uint32_t i = NumberOf(store->Mark(kTrial, "stdout").value());; ++i) {
    const ReadMark mark{"stdout", i == 0 ? "" : std::to_string(i), std::to_string(i + 1)};
    const std::uint32_t made = i + 1;
    if (!store->Append(kTrial, RowsOf(i), mark).ok()) _exit(1);
    if (write(pipe, &made, sizeof(made)) != sizeof(made)) _exit(1);
  }
}

// Every report before the mark, whole and once; nothing behind it. Returns the mark.
std::uint32_t CheckRows(const std::string& path) {
  const auto store = std::move(OpenSqliteObservationStore(path)).value();
  const std::uint32_t reports = NumberOf(store->Mark(kTrial, "stdout").value());
  std::vector<MetricRow> expected;
  for (std::uint32_t i = 0; i < reports; ++i) {
    for (MetricRow& row : RowsOf(i)) expected.push_back(std::move(row));
  }
  const std::vector<MetricRow> rows = store->Rows(kTrial, "").value();
  EXPECT_EQ(rows.size(), expected.size());
  EXPECT_TRUE(rows == expected);
  return reports;
}

TEST(ObservationStoreCrash, KeepsRowsAndTheirMarkTogetherOverKillNine) {
  const char* given = std::getenv("LOCKSTEP_TEST_SEED");
  const auto seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                                     : std::random_device()();
  std::cout << "LOCKSTEP_TEST_SEED=" << seed << "\n";
  std::mt19937 random(seed);
  const TemporaryFolder folder;
  const std::string path = folder.File("state.db");
  std::uint32_t reports = 0;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      ReportForever(path, ends[1]);
    }
    close(ends[1]);
    std::uint32_t acknowledged = 0;
    const auto read_one = [&] {
      pollfd readable{ends[0], POLLIN, 0};
      return poll(&readable, 1, 30'000) == 1 &&
             read(ends[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged);
    };
    for (auto i = 1 + random() % 30; i > 0; --i) ASSERT_TRUE(read_one()) << "round " << round;
    // A little later than an acknowledgement, so that it dies in the middle of a commit, too.
    for (std::uint32_t spin = random() % 100'000; spin > 0; --spin) asm volatile("");
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    while (read_one()) {
    }
    close(ends[0]);
    const std::uint32_t now = CheckRows(path);
    ASSERT_FALSE(HasFailure()) << "round " << round;
    EXPECT_GE(now, acknowledged) << "round " << round << ": what was acknowledged is lost";
    EXPECT_LE(now, acknowledged + 1) << "round " << round;
    reports = now;
  }
  EXPECT_GE(reports, static_cast<std::uint32_t>(kRounds));
  std::cout << reports << " reports\n";
}

}  // namespace
}  // namespace lockstep
