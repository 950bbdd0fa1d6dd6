// The engine: feeds changes of a Store to reconcilers, by way of one work queue and a few worker
// threads. Knows no kind.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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

// Something outside the store that tells when an object is to be reconciled: it calls `wake`, from
// any thread, until it is called again with {}; after that, never.
using EventSource = std::function<void(std::function<void(const ObjectKey&)> wake)>;

struct Controller {
  std::string kind;  // a change of such an object reconciles it
  std::unique_ptr<Reconciler> reconciler;
  std::vector<RelatedKind> related;
  EventSource events = {};  // none: only changes wake it
};

// The owner of `kind` that the changed object names in its ownerReferences, if any.
std::vector<ObjectKey> OwnerKeys(const Change& change, std::string_view kind);

struct ManagerOptions {
  // More than cores: a worker mostly waits for the disk, and what waits together is one commit.
  int workers = 8;
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
  // Reconciles one key that is ready, if there is one, on the caller's thread, and says which: for
  // who has no workers (options.workers 0) and a clock of its own.
  std::optional<ObjectKey> WorkOnce();
  // No reconciler is started any more; those that run get `timeout` to return. DeadlineExceeded:
  // one has not, and names its key.
  Status Stop(std::chrono::milliseconds timeout);
  // Idle: nothing runs, is queued, or waits for its time; nothing will happen until an object
  // changes. A change that the store has acknowledged and not yet delivered is not counted: who
  // wants to leave asks over a while.
  WorkQueueCounts Counts() const { return queue_.Counts(); }

 private:
  void Subscribe();
  void Unsubscribe();
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
