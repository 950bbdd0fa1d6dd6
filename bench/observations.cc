// 500,000 metric rows of 1,000 trials into a SQLite file: ours beside a plain loop, one row an
// insert, text columns and an index. Both write the same reports of 500 rows, each in a
// transaction of its own that is on the disk (WAL, synchronous=FULL) before the next begins.
//
//   bench_observations FOLDER    FOLDER: on the disk that is measured
//
// Prints a table and one bar; exits 0 ok, 3 short, 77 not shown. About 40 s.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "bench/pairs.h"
#include "operators/observe/sqlite_observation_store.h"
#include "runtime/base/check.h"

namespace lockstep::bench {
namespace {

constexpr std::size_t kTrials = 1000, kRowsOfTrial = 500;
constexpr double kRows = kTrials * kRowsOfTrial;
constexpr double kWanted = 2.5;

std::string TrialUid(std::size_t trial) {
  char uid[40];
  std::snprintf(uid, sizeof uid, "%08zx-0000-4000-8000-%012zx", trial * 2654435761u % 4294967296u,
                trial);
  return uid;
}

// As a trainer reports: loss and accuracy of a step, with its time.
std::vector<MetricRow> RowsOf(std::size_t trial) {
  std::vector<MetricRow> rows;
  for (std::size_t i = 0; i < kRowsOfTrial; ++i) {
    const std::size_t step = i / 2, mixed = (trial * 7919 + i * 104729) % 10000;
    char value[32], time[40];
    std::snprintf(value, sizeof value, "0.%04zu", mixed);
    std::snprintf(time, sizeof time, "2026-11-22T%02zu:%02zu:%02zu.%06zuZ", trial / 60 % 24,
                  step / 60 % 60, step % 60, (trial + step) * 7919 % 1000000);
    rows.push_back(
        {i % 2 == 0 ? "loss" : "accuracy", value, time, static_cast<std::int64_t>(step)});
  }
  return rows;
}

const std::vector<std::vector<MetricRow>>& AllRows() {
  static const std::vector<std::vector<MetricRow>> kAll = [] {
    std::vector<std::vector<MetricRow>> all;
    for (std::size_t trial = 0; trial < kTrials; ++trial) all.push_back(RowsOf(trial));
    return all;
  }();
  return kAll;
}

// Wall time, waits for the disk included; disturbed when another process took the core more often
// than once in 10 ms.
Run Wall(const std::function<void()>& work) {
  const auto switches = [] {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return static_cast<double>(usage.ru_nivcsw);
  };
  const double before = switches();
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return {took.count(), switches() - before > took.count() / 0.010};
}

// Of this thread, for the work alone: unlike the clock's, hardly more on a busy machine.
double CpuMicrosecondsARow(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
  };
  const double before = now();
  work();
  return (now() - before) / kRows;
}

void Remove(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) unlink((path + suffix).c_str());
}

void WriteOurs(const std::string& path) {
  const auto store = std::move(OpenSqliteObservationStore(path)).value();
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    const Status status = store->Append(TrialUid(trial), AllRows()[trial], {"stdout", "", "1"});
    CHECK(status.ok()) << status.ToString();
  }
}

void WritePlainly(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.execAndGet("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec(
      "CREATE TABLE observation_logs(trial TEXT, time TEXT, metric TEXT, value TEXT);"
      "CREATE INDEX observation_logs_of ON observation_logs(trial, metric)");
  SQLite::Statement insert(database, "INSERT INTO observation_logs VALUES(?, ?, ?, ?)");
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    const std::string uid = TrialUid(trial);
    for (const MetricRow& row : AllRows()[trial]) {
      insert.reset();
      insert.bindNoCopy(1, uid);
      insert.bindNoCopy(2, row.time);
      insert.bindNoCopy(3, row.name);
      insert.bindNoCopy(4, row.value);
      insert.exec();
    }
    transaction.commit();
  }
}

double BytesOnDisk(const std::string& path) {
  return static_cast<double>(std::filesystem::file_size(path));
}

// One durable write of a page, 200 times: what bounds both.
double SyncMilliseconds(const std::string& folder) {
  const std::string path = folder + "/sync";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(file >= 0) << path;
  constexpr int kTimes = 200;
  const std::string page(4096, 'x');
  const Run run = Wall([&] {
    for (int i = 0; i < kTimes; ++i) {
      CHECK(pwrite(file, page.data(), page.size(), i * 4096) == 4096 && fdatasync(file) == 0);
    }
  });
  close(file);
  unlink(path.c_str());
  return run.seconds / kTimes * 1e3;
}

// The rows of one metric of every trial, as a summary needs them; checked.
void ReadOurs(const std::string& path) {
  const auto store = std::move(OpenSqliteObservationStore(path)).value();
  const Run run = Wall([&] {
    for (std::size_t trial = 0; trial < kTrials; ++trial) {
      const auto rows = store->Rows(TrialUid(trial), "loss").value();
      CHECK(rows.size() == kRowsOfTrial / 2 && rows[1] == AllRows()[trial][2]);
    }
  });
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    CHECK(store->Rows(TrialUid(trial), "").value() == AllRows()[trial]);
  }
  std::printf("ours: %.0f summaries/s (250 rows each), all rows read back as they were written\n",
              kTrials / run.seconds);
}

void ReadPlainly(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READONLY);
  SQLite::Statement select(
      database, "SELECT value, time FROM observation_logs WHERE trial = ? AND metric = 'loss'");
  const Run run = Wall([&] {
    for (std::size_t trial = 0; trial < kTrials; ++trial) {
      select.reset();
      select.bind(1, TrialUid(trial));
      std::size_t rows = 0;
      std::vector<std::string> values;
      while (select.executeStep()) {
        values.push_back(select.getColumn(0).getString() + select.getColumn(1).getString());
        ++rows;
      }
      CHECK(rows == kRowsOfTrial / 2);
    }
  });
  std::printf("plain loop: %.0f summaries/s\n", kTrials / run.seconds);
}

int Main(const std::string& folder) {
  const std::string ours = folder + "/ours.db", plain = folder + "/plain.db";
  const auto write_ours = [&] {
    Remove(ours);
    return Wall([&] { WriteOurs(ours); });
  };
  const auto write_plainly = [&] {
    Remove(plain);
    return Wall([&] { WritePlainly(plain); });
  };
  AllRows();
  WaitUntilQuiet();
  std::printf(
      "%zu trials, %zu rows each, a transaction a trial; a durable write of one page takes "
      "%.2f ms\n",
      kTrials, kRowsOfTrial, SyncMilliseconds(folder));
  const int code = ShowRatioBar("observations", kWanted, "plain SQLite loop", [&](int pairs) {
    const Pairs result = Interleave(pairs, write_ours, write_plainly);
    std::printf("ours %.0f rows/s, plain loop %.0f rows/s\n", kRows / Median(result.ours),
                kRows / Median(result.theirs));
    return result;
  });
  Remove(ours);
  Remove(plain);
  const double our_cpu = CpuMicrosecondsARow([&] { WriteOurs(ours); });
  const double plain_cpu = CpuMicrosecondsARow([&] { WritePlainly(plain); });
  std::printf("CPU a row, the rest is waiting for the disk: ours %.2f us, plain loop %.2f us\n",
              our_cpu, plain_cpu);
  std::printf("bytes a row on disk: ours %.1f, plain loop %.1f\n", BytesOnDisk(ours) / kRows,
              BytesOnDisk(plain) / kRows);
  ReadOurs(ours);
  ReadPlainly(plain);
  Remove(ours);
  Remove(plain);
  return code;
}

}  // namespace
}  // namespace lockstep::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_observations FOLDER\n");
    return 2;
  }
  return lockstep::bench::Main(argv[1]);
}
