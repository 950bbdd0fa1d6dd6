#include "operators/observe/sqlite_observation_store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <mutex>
#include <utility>

#include "operators/observe/row_chunk.h"
#include "operators/store/database.h"

namespace lockstep {
namespace {

constexpr char kInsertChunk[] = "INSERT INTO metric_chunks(trial, rows) VALUES(?, ?)";

// Ready to be run again, however the last time ended.
SQLite::Statement& Anew(SQLite::Statement& statement) {
  statement.tryReset();
  return statement;
}

void InsertChunk(SQLite::Statement& insert, const std::string& trial,
                 const std::vector<MetricRow>& rows) {
  const std::string chunk = EncodeRows(rows);
  insert.bind(1, trial);
  insert.bindNoCopy(2, chunk.data(), static_cast<int>(chunk.size()));
  insert.exec();
  insert.tryReset();
}

// Of a file of version 2: the rows of each trial become chunks, all of them or none.
void MoveRowsIntoChunks(SQLite::Database& database) {
  if (!database.tableExists("metric_rows")) return;
  constexpr std::size_t kRowsMax = 10'000;  // a chunk
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (!database.tableExists("metric_rows")) return;  // another was faster
  SQLite::Statement select(
      database, "SELECT trial, name, value, time, step FROM metric_rows ORDER BY trial, id");
  std::string trial;
  std::vector<MetricRow> rows;
  SQLite::Statement insert(database, kInsertChunk);
  const auto flush = [&] {
    if (!rows.empty()) InsertChunk(insert, trial, rows);
    rows.clear();
  };
  while (select.executeStep()) {
    if (select.getColumn(0).getString() != trial || rows.size() == kRowsMax) flush();
    trial = select.getColumn(0).getString();
    rows.push_back({.name = select.getColumn(1).getString(),
                    .value = select.getColumn(2).getString(),
                    .time = select.getColumn(3).getString(),
                    .step = select.getColumn(4).getInt64()});
  }
  flush();
  select.reset();
  database.exec("DROP TABLE metric_rows");
  transaction.commit();
}

class SqliteObservationStore final : public ObservationStore {
 public:
  SqliteObservationStore(std::string path, std::unique_ptr<SQLite::Database> database)
      : path_(std::move(path)),
        database_(std::move(database)),
        insert_chunk_(*database_, kInsertChunk),
        select_chunks_(*database_, "SELECT rows FROM metric_chunks WHERE trial = ? ORDER BY id"),
        select_mark_(*database_, "SELECT mark FROM read_marks WHERE trial = ? AND source = ?"),
        set_mark_(*database_, "REPLACE INTO read_marks(trial, source, mark) VALUES(?, ?, ?)") {}

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
      if (!rows.empty()) InsertChunk(Anew(insert_chunk_), trial, rows);
      SQLite::Statement& set = Anew(set_mark_);
      set.bind(1, trial);
      set.bind(2, mark.source);
      set.bind(3, mark.after);
      set.exec();
      set.tryReset();
      transaction.commit();
    }));
    return conflict;
  }

  Result<std::vector<MetricRow>> Rows(std::string_view trial_uid, std::string_view name,
                                      std::size_t rows_max) const override {
    std::vector<MetricRow> rows;
    LOCKSTEP_RETURN_IF_ERROR(EachRow(trial_uid, [&](const ChunkRow& row) {
      if (rows.size() == rows_max) return false;
      if (name.empty() || row.name == name) {
        rows.push_back({.name = std::string(row.name),
                        .value = std::string(row.value),
                        .time = std::string(row.time),
                        .step = row.step});
      }
      return true;
    }));
    return rows;
  }

  Result<std::uint64_t> Count(std::string_view trial_uid, std::string_view name) const override {
    std::uint64_t count = 0;
    LOCKSTEP_RETURN_IF_ERROR(EachRow(trial_uid, [&](const ChunkRow& row) {
      count += row.name == name ? 1 : 0;
      return true;
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
    LOCKSTEP_RETURN_IF_ERROR(Locked("read metrics", [&] {  // each Append sets a mark
      SQLite::Statement select(*database_, "SELECT DISTINCT trial FROM read_marks");
      while (select.executeStep()) uids.push_back(select.getColumn(0).getString());
    }));
    return uids;
  }

  Status Forget(std::string_view trial_uid) override {
    return Locked("forget metrics", [&] {
      SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      for (const char* sql : {"DELETE FROM metric_chunks WHERE trial = ?",
                              "DELETE FROM read_marks WHERE trial = ?"}) {
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
    SQLite::Statement& select = Anew(select_mark_);
    select.bind(1, trial);
    select.bind(2, source);
    std::string mark = select.executeStep() ? select.getColumn(0).getString() : "";
    select.tryReset();  // one that is open holds back the write-ahead log
    return mark;
  }

  // In the order they were appended, until `use` returns false.
  Status EachRow(std::string_view trial_uid,
                 const std::function<bool(const ChunkRow&)>& use) const {
    Status decoded;
    LOCKSTEP_RETURN_IF_ERROR(Locked("read metrics", [&] {
      SQLite::Statement& select = Anew(select_chunks_);
      select.bind(1, std::string(trial_uid));
      bool more = true;
      while (more && decoded.ok() && select.executeStep()) {
        const SQLite::Column rows = select.getColumn(0);
        decoded = DecodeRows(
            {static_cast<const char*>(rows.getBlob()), static_cast<std::size_t>(rows.getBytes())},
            [&](const ChunkRow& row) { return more = use(row); });
      }
      select.tryReset();
    }));
    return decoded;
  }

  const std::string path_;
  mutable std::mutex mutex_;  // one statement at a time on one connection
  const std::unique_ptr<SQLite::Database> database_;
  // Made once; guarded by mutex_, as the database is.
  mutable SQLite::Statement insert_chunk_;
  mutable SQLite::Statement select_chunks_;
  mutable SQLite::Statement select_mark_;
  SQLite::Statement set_mark_;
};

}  // namespace

Result<std::unique_ptr<ObservationStore>> OpenSqliteObservationStore(const std::string& path) {
  LOCKSTEP_ASSIGN_OR_RETURN(auto database, OpenStateFile(path));
  LOCKSTEP_RETURN_IF_ERROR(GuardSqlite(path, "bring the metrics of an earlier version up to date",
                                       [&] { MoveRowsIntoChunks(*database); }));
  std::unique_ptr<ObservationStore> store;
  LOCKSTEP_RETURN_IF_ERROR(GuardSqlite(path, "read metrics", [&] {
    store = std::make_unique<SqliteObservationStore>(path, std::move(database));
  }));
  return store;
}

}  // namespace lockstep
