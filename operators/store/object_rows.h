// ObjectRows: objects as rows of the state file (database.h).
//
// Of a Suggestion only what is new is written: its points are thousands, and it changes twice a
// trial.
//
// Throws what SQLite throws. Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operators/store/store.h"

namespace SQLite {
class Database;
}

namespace lockstep {

class ObjectRows {
 public:
  explicit ObjectRows(SQLite::Database& database);  // outlives this
  ~ObjectRows();

  // What the file has. FailedPrecondition names the first object that cannot be read.
  Result<std::vector<Object>> Read();
  std::uint64_t ReadVersion();

  // In one transaction: `objects` by key (null: gone), and the last version given out.
  void Write(const std::map<ObjectKey, ObjectPtr>& objects, std::uint64_t version);

 private:
  using Blocks = std::vector<GrowingList<TrialAssignment>::Block>;
  struct Row;
  struct Statements;

  Row RowOf(const ObjectKey& key, const ObjectPtr& object) const;
  void Write(const Row& row);
  std::string ReadPoints(const ObjectKey& key, Json& object);

  SQLite::Database& database_;
  std::unique_ptr<Statements> statements_;  // null: nothing was written yet
  // What suggestion_points is known to hold. Nothing is known of what was there at the start: that
  // is written anew.
  std::map<ObjectKey, Blocks> points_;
};

}  // namespace lockstep
