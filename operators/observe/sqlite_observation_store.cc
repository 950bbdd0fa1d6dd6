#include "operators/observe/sqlite_observation_store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "operators/store/database.h"

namespace lockstep {
namespace {

class SqliteObservationStore final : public ObservationStore {
 public:
  SqliteObservationStore(std::string path, std::unique_ptr<SQLite::Database> database)
      : path_(std::move(path)), database_(std::move(database)) {}

  Status Append(std::string_view trial_uid, const std::vector<MetricRow>& rows,
                const ReadMark& mark) override {
    const std::string trial(trial_uid);
    Status conflict;
    LOCKSTEP_RETURN_IF_ERROR(Locked("write metrics", [&] {
      SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      const std::string now = ReadMarkOf(trial, mark.source);
      if (now != mark.before) {
        conflict = MarkConflict(trial, mark, now);
        return;
      }
      Insert(trial, rows);
      SQLite::Statement set(*database_,
                            "REPLACE INTO read_marks(trial, source, mark) VALUES(?, ?, ?)");
      set.bind(1, trial);
      set.bind(2, mark.source);
      set.bind(3, mark.after);
      set.exec();
      transaction.commit();
    }));
    return conflict;
  }

  Result<std::vector<MetricRow>> Rows(std::string_view trial_uid, std::string_view name,
                                      std::size_t rows_max) const override {
    std::vector<MetricRow> rows;
    LOCKSTEP_RETURN_IF_ERROR(Locked("read metrics", [&] {
      SQLite::Statement select(*database_,
                               "SELECT name, value, time, step FROM metric_rows "
                               "WHERE trial = ?1 AND (?2 = '' OR name = ?2) ORDER BY id LIMIT ?3");
      select.bind(1, std::string(trial_uid));
      select.bind(2, std::string(name));
      constexpr std::size_t kLimitMax = std::numeric_limits<std::int64_t>::max();
      select.bind(3, static_cast<std::int64_t>(std::min(rows_max, kLimitMax)));
      while (select.executeStep()) {
        rows.push_back({.name = select.getColumn(0).getString(),
                        .value = select.getColumn(1).getString(),
                        .time = select.getColumn(2).getString(),
                        .step = select.getColumn(3).getInt64()});
      }
    }));
    return rows;
  }

  Result<std::uint64_t> Count(std::string_view trial_uid, std::string_view name) const override {
    std::uint64_t count = 0;
    LOCKSTEP_RETURN_IF_ERROR(Locked("count metrics", [&] {
      SQLite::Statement select(*database_,
                               "SELECT count(*) FROM metric_rows WHERE trial = ? AND name = ?");
      select.bind(1, std::string(trial_uid));
      select.bind(2, std::string(name));
      select.executeStep();
      count = static_cast<std::uint64_t>(select.getColumn(0).getInt64());
    }));
    return count;
  }

  Result<std::string> Mark(std::string_view trial_uid, std::string_view source) const override {
    std::string mark;
    LOCKSTEP_RETURN_IF_ERROR(Locked(
        "read metrics", [&] { mark = ReadMarkOf(std::string(trial_uid), std::string(source)); }));
    return mark;
  }

  Result<std::vector<std::string>> TrialUids() const override {
    std::vector<std::string> uids;
    LOCKSTEP_RETURN_IF_ERROR(Locked("read metrics", [&] {  // each Append sets a position
      SQLite::Statement select(*database_, "SELECT trial FROM read_positions");
      while (select.executeStep()) uids.push_back(select.getColumn(0).getString());
    }));
    return uids;
  }

  Status Forget(std::string_view trial_uid) override {
    return Locked("forget metrics", [&] {
      SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      for (const char* sql :
           {"DELETE FROM metric_rows WHERE trial = ?", "DELETE FROM read_marks WHERE trial = ?"}) {
        SQLite::Statement erase(*database_, sql);
        erase.bind(1, std::string(trial_uid));
        erase.exec();
      }
      transaction.commit();
    });
  }

 private:
  Status Locked(const std::string& what, const std::function<void()>& work) const {
    const std::lock_guard lock(mutex_);
    return GuardSqlite(path_, what, work);
  }

  std::string ReadMarkOf(const std::string& trial, const std::string& source) const {
    SQLite::Statement select(*database_,
                             "SELECT mark FROM read_marks WHERE trial = ? AND source = ?");
    select.bind(1, trial);
    select.bind(2, source);
    return select.executeStep() ? select.getColumn(0).getString() : "";
  }

  void Insert(const std::string& trial, const std::vector<MetricRow>& rows) {
    SQLite::Statement insert(*database_,
                             "INSERT INTO metric_rows(trial, name, value, time, step) "
                             "VALUES(?, ?, ?, ?, ?)");
    for (const MetricRow& row : rows) {
      insert.reset();
      insert.bind(1, trial);
      insert.bind(2, row.name);
      insert.bind(3, row.value);
      insert.bind(4, row.time);
      insert.bind(5, row.step);
      insert.exec();
    }
  }

  const std::string path_;
  mutable std::mutex mutex_;  // one statement at a time on one connection
  const std::unique_ptr<SQLite::Database> database_;
};

}  // namespace

Result<std::unique_ptr<ObservationStore>> OpenSqliteObservationStore(const std::string& path) {
  LOCKSTEP_ASSIGN_OR_RETURN(auto database, OpenStateFile(path));
  std::unique_ptr<ObservationStore> store =
      std::make_unique<SqliteObservationStore>(path, std::move(database));
  return store;
}

}  // namespace lockstep
