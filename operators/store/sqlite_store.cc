#include "operators/store/sqlite_store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <utility>

#include "operators/store/database.h"

namespace lockstep {
namespace {

constexpr std::size_t kQueueMax = 4096;
constexpr std::size_t kBatchMax = 512;  // bounds what one failed commit takes down
constexpr std::chrono::seconds kWriteTimeout{60};
// While writes come from many at once, one waits this long for others: a commit costs more than the
// rows in it.
constexpr std::chrono::microseconds kGathering{500};

}  // namespace

SqliteStore::SqliteStore(std::string path, std::unique_ptr<SQLite::Database> database,
                         StoreOptions options)
    : path_(std::move(path)),
      database_(std::move(database)),
      rows_(*database_),
      table_(std::move(options)) {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path,
                                                       StoreOptions options) {
  LOCKSTEP_ASSIGN_OR_RETURN(auto database, OpenStateFile(path));
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(path, std::move(database), std::move(options)));
  LOCKSTEP_RETURN_IF_ERROR(store->Load());
  store->writer_ = std::thread([raw = store.get()] { raw->WriteUntilStopped(); });
  return store;
}

SqliteStore::~SqliteStore() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (writer_.joinable()) writer_.join();
}

Status SqliteStore::Load() {
  Result<std::vector<Object>> objects = std::vector<Object>();
  std::uint64_t version = 0;
  LOCKSTEP_RETURN_IF_ERROR(GuardSqlite(path_, "read objects", [&] {
    version = rows_.ReadVersion();
    objects = rows_.Read();
  }));
  if (!objects.ok()) {
    return FailedPrecondition(path_ + ": " + objects.status().message() +
                              ": the file is damaged; it is left as it is: restore it, or move it "
                              "away to start anew");
  }
  table_.Load(*std::move(objects), version);
  return OkStatus();
}

Result<ObjectPtr> SqliteStore::Get(const ObjectKey& key) const { return table_.Get(key); }

Result<std::vector<ObjectPtr>> SqliteStore::List(const ListFilter& filter) const {
  return table_.List(filter);
}

Result<ObjectPtr> SqliteStore::Create(Object object) {
  return Apply({Write::Kind::kCreate, std::move(object), {}});
}

Result<ObjectPtr> SqliteStore::Update(Object object) {
  return Apply({Write::Kind::kUpdate, std::move(object), {}});
}

Result<ObjectPtr> SqliteStore::UpdateStatus(Object object) {
  if (ObjectPtr same = table_.SameStatus(object)) return same;  // no need to ask the writer
  return Apply({Write::Kind::kUpdateStatus, std::move(object), {}});
}

Status SqliteStore::Delete(const ObjectKey& key) {
  return Apply({Write::Kind::kDelete, {}, key}).status();
}

Status SqliteStore::Remove(const ObjectKey& key) {
  return Apply({Write::Kind::kRemove, {}, key}).status();
}

std::unique_ptr<Subscription> SqliteStore::Watch(const ListFilter& filter,
                                                 std::function<void(const Change&)> on_change) {
  return table_.Watch(filter, std::move(on_change));
}

SqliteStore::Stats SqliteStore::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

Result<ObjectPtr> SqliteStore::Apply(Write write) {
  const ObjectKey key = write.object ? KeyOf(*write.object) : write.key;
  std::future<Result<ObjectPtr>> done;
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kQueueMax) {
      return Unavailable(key.ToString() + ": " + std::to_string(kQueueMax) +
                         " writes wait for the disk: try later");
    }
    wakes = queue_.empty();
    queue_.push_back({std::move(write), {}});
    done = queue_.back().done.get_future();
    ++stats_.waiting;
  }
  if (wakes) changed_.notify_all();
  if (done.wait_for(kWriteTimeout) != std::future_status::ready) {
    return DeadlineExceeded(key.ToString() + ": " + path_ + " did not take the write within " +
                            std::to_string(kWriteTimeout.count()) +
                            " s; it may yet: read it again, and check the disk");
  }
  return done.get();
}

void SqliteStore::WriteUntilStopped() {
  bool gathers = false;
  while (true) {
    std::deque<Request> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || !queue_.empty(); });
      if (queue_.empty()) return;
      if (gathers) changed_.wait_for(lock, kGathering, [&] { return stopped_; });
      while (!queue_.empty() && batch.size() < kBatchMax) {
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    gathers = batch.size() > 1;
    CommitTogether(std::move(batch));
  }
}

void SqliteStore::CommitTogether(std::deque<Request> requests) {
  std::vector<Result<ObjectPtr>> results;
  for (Request& request : requests) results.push_back(table_.Stage(std::move(request.write)));
  Status committed;
  const bool anything = !table_.staged().empty();
  if (anything) committed = CommitStaged();
  committed.ok() ? table_.Publish() : table_.Discard();
  {
    const std::lock_guard lock(mutex_);
    stats_.commits += anything ? 1 : 0;
    stats_.writes += requests.size();
    stats_.waiting -= requests.size();
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    // What was decided on top of writes that failed is void too, refusals included.
    requests[i].done.set_value(committed.ok() ? std::move(results[i]) : committed);
  }
}

Status SqliteStore::CommitStaged() {
  return GuardSqlite(path_, "write objects",
                     [&] { rows_.Write(table_.staged(), table_.version()); });
}

}  // namespace lockstep
