#include "operators/store/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace lockstep {
namespace {

constexpr int kApplicationId = 0x4c6b7374;  // "Lkst"
constexpr int kBusyTimeoutMs = 5000;

constexpr char kSchema[] = R"(
CREATE TABLE objects(
  kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY(kind, namespace, name)) WITHOUT ROWID;
CREATE TABLE suggestion_points(
  namespace TEXT NOT NULL, name TEXT NOT NULL, block INTEGER NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY(namespace, name, block)) WITHOUT ROWID;
CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE metric_chunks(
  id INTEGER PRIMARY KEY, trial TEXT NOT NULL, rows BLOB NOT NULL);
CREATE INDEX metric_chunks_of_trial ON metric_chunks(trial, id);
CREATE TABLE read_marks(
  trial TEXT NOT NULL, source TEXT NOT NULL, mark TEXT NOT NULL,
  PRIMARY KEY(trial, source)) WITHOUT ROWID;
)";

// Version 1 knew one source, and packed generation and offset into one number.
constexpr char kFromVersion1[] = R"(
CREATE TABLE read_marks(
  trial TEXT NOT NULL, source TEXT NOT NULL, mark TEXT NOT NULL,
  PRIMARY KEY(trial, source)) WITHOUT ROWID;
INSERT INTO read_marks SELECT trial, 'stdout',
  '{"generation":' || (position >> 48) || ',"offset":' || (position & 0xffffffffffff) || '}'
  FROM read_positions;
DROP TABLE read_positions;
)";

// Version 2 had a row of SQLite's for each metric row, in metric_rows: OpenSqliteObservationStore,
// which knows how chunks are made, moves them over and drops the table.
constexpr char kFromVersion2[] = R"(
CREATE TABLE metric_chunks(
  id INTEGER PRIMARY KEY, trial TEXT NOT NULL, rows BLOB NOT NULL);
CREATE INDEX metric_chunks_of_trial ON metric_chunks(trial, id);
)";

// Version 3 had all points of a Suggestion in objects. They move when it is written.
constexpr char kFromVersion3[] = R"(
CREATE TABLE suggestion_points(
  namespace TEXT NOT NULL, name TEXT NOT NULL, block INTEGER NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY(namespace, name, block)) WITHOUT ROWID;
)";

int Pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(std::string("PRAGMA ") + name).getInt();
}

// In one transaction, so that two who open a file at once do not both create or change its tables.
void BringUpToDate(SQLite::Database& database) {
  if (Pragma(database, "user_version") == kStateVersion) return;
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  switch (Pragma(database, "user_version")) {
    case 0: database.exec(kSchema); break;
    case 1: database.exec(kFromVersion1); [[fallthrough]];
    case 2: database.exec(kFromVersion2); [[fallthrough]];
    case 3: database.exec(kFromVersion3); break;
    default: return;
  }
  database.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
  database.exec("PRAGMA user_version = " + std::to_string(kStateVersion));
  transaction.commit();
}

// It holds Secrets. What SQLite lays beside it gets the same mode, unless it is there already: an
// older operator that was killed left it. Where that cannot be had, opening it says why, or the
// folder keeps others out. What is there is not opened: to close it again would give up all locks
// that SQLite has on it in this process.
void KeepToOneself(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  for (const char* beside : {"", "-wal", "-shm"}) {
    const std::string name = path + beside;
    struct stat file{};
    if (::stat(name.c_str(), &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & 077) != 0) {
      ::chmod(name.c_str(), 0600);
    }
  }
}

Status CheckOwnership(SQLite::Database& database, const std::string& path) {
  const int application = Pragma(database, "application_id");
  const int version = Pragma(database, "user_version");
  const int tables = database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt();
  if (application != kApplicationId && (application != 0 || version != 0 || tables != 0)) {
    return FailedPrecondition(path + " is a database of another program: choose another folder");
  }
  if (version > kStateVersion) {
    return FailedPrecondition(
        path + " was written by a newer Lockstep (state version " + std::to_string(version) +
        ", this program knows up to " + std::to_string(kStateVersion) +
        "): use that version or a later one, or start with another state folder");
  }
  return OkStatus();
}

}  // namespace

Status GuardSqlite(const std::string& path, const std::string& what,
                   const std::function<void()>& work) {
  try {
    work();
    return OkStatus();
  } catch (const SQLite::Exception& error) {
    const std::string message = path + ": cannot " + what + ": " + error.what();
    switch (error.getErrorCode()) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED: return Unavailable(message + ": another process holds the file");
      case SQLITE_FULL:
      case SQLITE_IOERR: return Unavailable(message + ": check the disk's space and health");
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return FailedPrecondition(message +
                                  ": the file is damaged or no state file; it is left as "
                                  "it is: restore it, or move it away to start anew");
      case SQLITE_CANTOPEN:
      case SQLITE_READONLY:
      case SQLITE_PERM:
        return FailedPrecondition(message + ": its folder must be there and writable");
      default: return Internal(message);
    }
  }
}

Result<std::unique_ptr<SQLite::Database>> OpenStateFile(const std::string& path) {
  std::unique_ptr<SQLite::Database> database;
  Status ours;
  KeepToOneself(path);
  LOCKSTEP_RETURN_IF_ERROR(GuardSqlite(path, "open the state file", [&] {
    database = std::make_unique<SQLite::Database>(
        path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs);
    ours = CheckOwnership(*database, path);
    if (!ours.ok()) return;
    database->execAndGet("PRAGMA journal_mode = WAL");
    database->exec("PRAGMA synchronous = FULL");
    BringUpToDate(*database);
  }));
  LOCKSTEP_RETURN_IF_ERROR(ours);
  return database;
}

}  // namespace lockstep
