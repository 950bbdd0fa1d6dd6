#include "operators/control/manager.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "runtime/base/check.h"

namespace lockstep {

std::vector<ObjectKey> OwnerKeys(const Change& change, std::string_view kind) {
  std::vector<ObjectKey> keys;
  for (const OwnerReference& owner : MetaOf(*change.object).owner_references)
    if (owner.kind == kind) keys.push_back({owner.kind, change.key.namespace_, owner.name});
  return keys;
}

Manager::Manager(Store& store, Clock& clock, std::vector<Controller> controllers,
                 ManagerOptions options)
    : store_(store),
      controllers_(std::move(controllers)),
      options_(options),
      queue_(clock, options.queue) {}

Manager::~Manager() {
  queue_.ShutDown();
  Unsubscribe();
  for (std::thread& worker : workers_) worker.join();
}

void Manager::Start() {
  CHECK(workers_.empty()) << "a Manager is started once";
  Subscribe();
  working_ = options_.workers;
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { Work(); });
}

// One subscription a kind, however many controllers want to know of it.
void Manager::Subscribe() {
  std::set<std::string> kinds;
  for (const Controller& controller : controllers_) {
    CHECK(kinds.insert(controller.kind).second) << "two controllers of " << controller.kind;
  }
  for (const Controller& controller : controllers_)
    for (const RelatedKind& related : controller.related) kinds.insert(related.kind);
  for (const std::string& kind : kinds) {
    subscriptions_.push_back(store_.Watch({.kind = kind, .namespace_ = "", .labels = {}},
                                          [this](const Change& change) { OnChange(change); }));
  }
  for (const Controller& controller : controllers_)
    if (controller.events) controller.events([this](const ObjectKey& key) { Enqueue(key); });
}

void Manager::Unsubscribe() {
  if (subscriptions_.empty()) return;
  subscriptions_.clear();
  for (const Controller& controller : controllers_)
    if (controller.events) controller.events({});
}

void Manager::OnChange(const Change& change) {
  for (const Controller& controller : controllers_) {
    if (controller.kind == change.key.kind) Enqueue(change.key);
    for (const RelatedKind& related : controller.related) {
      if (related.kind != change.key.kind) continue;
      for (const ObjectKey& key : related.keys(change)) Enqueue(key);
    }
  }
}

void Manager::Enqueue(const ObjectKey& key) {
  if (queue_.Add(key)) return;
  spdlog::error(
      "{}: not reconciled: more than {} objects wait; restart the operator when they are "
      "fewer",
      key.ToString(), options_.queue.keys_max);
}

void Manager::Work() {
  while (const std::optional<ObjectKey> key = queue_.Get()) {
    ReconcileOne(*key);
    queue_.Done(*key);
  }
  std::lock_guard lock(mutex_);
  --working_;
  ended_.notify_all();
}

std::optional<ObjectKey> Manager::WorkOnce() {
  std::optional<ObjectKey> key = queue_.TryGet();
  if (key) {
    ReconcileOne(*key);
    queue_.Done(*key);
  }
  return key;
}

void Manager::ReconcileOne(const ObjectKey& key) {
  const auto controller = std::find_if(controllers_.begin(), controllers_.end(),
                                       [&](const Controller& c) { return c.kind == key.kind; });
  if (controller == controllers_.end()) return;  // an owner of a kind that nobody reconciles
  const Result<Requeue> result = controller->reconciler->Reconcile(key);
  if (result.ok()) {
    queue_.ClearFailures(key);
    if (result->after) queue_.AddAfter(key, *result->after);
  } else if (result.status().kind() == StatusKind::kConflict) {
    queue_.AddAfter(key, options_.conflict_delay);  // somebody else got on: no failure
  } else {
    spdlog::error("{}: {}; trying again", key.ToString(), result.status().ToString());
    queue_.AddAfterFailure(key);
  }
}

Status Manager::Stop(std::chrono::milliseconds timeout) {
  queue_.ShutDown();
  Unsubscribe();
  std::unique_lock lock(mutex_);
  if (ended_.wait_for(lock, timeout, [this] { return working_ == 0; })) return OkStatus();
  std::string late;
  for (const ObjectKey& key : queue_.Busy()) late += (late.empty() ? "" : ", ") + key.ToString();
  return DeadlineExceeded("reconciling " + late + " did not end within " +
                          std::to_string(timeout.count()) + " ms");
}

}  // namespace lockstep
