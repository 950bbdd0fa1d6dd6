// A Store in a SQLite file. Reads are answered from memory; writes go through one thread, which
// commits all that wait together, and acknowledges them when the disk has them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "operators/store/object_rows.h"
#include "operators/store/object_table.h"

namespace SQLite {
class Database;
}

namespace lockstep {

class SqliteStore final : public Store {
 public:
  struct Stats {
    std::uint64_t commits = 0;
    std::uint64_t writes = 0;  // acknowledged, refused ones included
    std::size_t waiting = 0;   // not acknowledged yet
  };

  // FailedPrecondition: see OpenStateFile.
  static Result<std::unique_ptr<SqliteStore>> Open(const std::string& path,
                                                   StoreOptions options = {});
  ~SqliteStore() override;  // writes that wait are still made

  Result<ObjectPtr> Get(const ObjectKey& key) const override;
  Result<std::vector<ObjectPtr>> List(const ListFilter& filter) const override;
  Result<ObjectPtr> Create(Object object) override;
  Result<ObjectPtr> Update(Object object) override;
  Result<ObjectPtr> UpdateStatus(Object object) override;
  Status Delete(const ObjectKey& key) override;
  Status Remove(const ObjectKey& key) override;
  std::unique_ptr<Subscription> Watch(const ListFilter& filter,
                                      std::function<void(const Change&)> on_change) override;
  Stats stats() const;

 private:
  struct Request {
    Write write;
    std::promise<Result<ObjectPtr>> done;
  };

  SqliteStore(std::string path, std::unique_ptr<SQLite::Database> database, StoreOptions options);
  Status Load();
  Result<ObjectPtr> Apply(Write write);
  void WriteUntilStopped();
  void CommitTogether(std::deque<Request> requests);
  Status CommitStaged();

  const std::string path_;
  const std::unique_ptr<SQLite::Database> database_;  // of the writer, after Load
  ObjectRows rows_;                                   // of the writer, after Load
  ObjectTable table_;                                 // its writing part: of the writer
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> queue_;  // guarded by mutex_
  Stats stats_;                // guarded by mutex_
  bool stopped_ = false;       // guarded by mutex_
  std::thread writer_;
};

}  // namespace lockstep
