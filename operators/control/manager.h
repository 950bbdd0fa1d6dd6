// The engine: feeds changes of a Store to reconcilers, by way of one work queue and a few worker
// threads. Knows no kind.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "operators/control/reconciler.h"
#include "operators/control/work_queue.h"
#include "operators/store/store.h"

namespace lockstep {

// Whom to reconcile when an object of another kind changes: its owner, its siblings.
struct RelatedKind {
  std::string kind;
  std::function<std::vector<ObjectKey>(const Change&)> keys;  // may read the store; never writes
};

struct Controller {
  std::string kind;  // a change of such an object reconciles it
  std::unique_ptr<Reconciler> reconciler;
  std::vector<RelatedKind> related;
};

// The owner of `kind` that the changed object names in its ownerReferences, if any.
std::vector<ObjectKey> OwnerKeys(const Change& change, std::string_view kind);

struct ManagerOptions {
  int workers = 2;
  std::chrono::milliseconds conflict_delay{10};  // before a key is tried again after Conflict
  WorkQueueOptions queue;
};

// Start once; then Stop, or the destructor, from the thread that owns it. Counts from any thread.
class Manager {
 public:
  // `store` and `clock` outlive it. REQUIRES: one controller a kind.
  Manager(Store& store, Clock& clock, std::vector<Controller> controllers,
          ManagerOptions options = {});
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager();  // Stop, and waits for a reconciler that is late

  void Start();
  // No reconciler is started any more; those that run get `timeout` to return. DeadlineExceeded:
  // one has not, and names its key.
  Status Stop(std::chrono::milliseconds timeout);
  // Nothing runs, is queued, or waits for its time: nothing will happen until an object changes.
  WorkQueueCounts Counts() const { return queue_.Counts(); }

 private:
  void Subscribe();
  void OnChange(const Change& change);
  void Work();
  void ReconcileOne(const ObjectKey& key);
  void Enqueue(const ObjectKey& key);

  Store& store_;
  const std::vector<Controller> controllers_;
  const ManagerOptions options_;
  WorkQueue queue_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable ended_;
  int working_ = 0;  // guarded by mutex_: workers that have not returned
};

}  // namespace lockstep
