#include "operators/control/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "operators/store/memory_store.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

// Calls a function for each key, and counts.
class Scripted final : public Reconciler {
 public:
  using Script = std::function<Result<Requeue>(const ObjectKey&, int call)>;
  explicit Scripted(Script script) : script_(std::move(script)) {}

  Result<Requeue> Reconcile(const ObjectKey& key) override {
    int call = 0;
    {
      std::lock_guard lock(mutex_);
      call = ++calls_[key];
    }
    Result<Requeue> result = script_(key, call);
    std::lock_guard lock(mutex_);
    ++returned_[key];
    changed_.notify_all();
    return result;
  }
  // False after a minute.
  bool AwaitCalls(const ObjectKey& key, int calls) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1),
                             [&] { return returned_[key] >= calls; });
  }

 private:
  const Script script_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ObjectKey, int> calls_;     // guarded by mutex_
  std::map<ObjectKey, int> returned_;  // guarded by mutex_
};

Object NewTrial(const std::string& name) {
  Trial trial;
  trial.meta.name = name;
  trial.meta.namespace_ = "default";
  return trial;
}
ObjectKey Key(const std::string& name) { return {Trial::kKind, "default", name}; }

struct Engine {
  explicit Engine(Scripted::Script script, ManagerOptions options = {}) {
    auto owned = std::make_unique<Scripted>(std::move(script));
    reconciler = owned.get();
    std::vector<Controller> controllers;
    controllers.push_back(
        {Trial::kKind, std::move(owned), {{TrainingJob::kKind, [](const Change& change) {
                                             return OwnerKeys(change, Trial::kKind);
                                           }}}});
    manager = std::make_unique<Manager>(*store, SystemClock(), std::move(controllers), options);
  }
  std::unique_ptr<Store> store = MakeMemoryStore();
  Scripted* reconciler = nullptr;
  std::unique_ptr<Manager> manager;
};

TEST(Manager, ReconcilesWhatIsThereAndWhatComes) {
  Engine engine([](const ObjectKey&, int) { return Requeue{}; });
  ASSERT_TRUE(engine.store->Create(NewTrial("before")).ok());
  engine.manager->Start();
  ASSERT_TRUE(engine.store->Create(NewTrial("after")).ok());
  EXPECT_TRUE(engine.reconciler->AwaitCalls(Key("before"), 1));
  EXPECT_TRUE(engine.reconciler->AwaitCalls(Key("after"), 1));
}

TEST(Manager, AChangeOfAChildReconcilesItsOwner) {
  Engine engine([](const ObjectKey&, int) { return Requeue{}; });
  const ObjectPtr owner = *engine.store->Create(NewTrial("owner"));
  engine.manager->Start();
  ASSERT_TRUE(engine.reconciler->AwaitCalls(Key("owner"), 1));
  TrainingJob child;
  child.meta.name = "child";
  child.meta.namespace_ = "default";
  child.meta.owner_references = {{"", Trial::kKind, "owner", MetaOf(*owner).uid, true}};
  ASSERT_TRUE(engine.store->Create(child).ok());
  EXPECT_TRUE(engine.reconciler->AwaitCalls(Key("owner"), 2));
}

TEST(Manager, ComesBackWhenAskedAfterAConflictAndAfterAnError) {
  Engine engine(
      [](const ObjectKey&, int call) -> Result<Requeue> {
        if (call == 1) return Requeue{std::chrono::milliseconds(1)};
        if (call == 2) return Conflict("it changed");
        if (call == 3) return Unavailable("the disk is away");
        return Requeue{};
      },
      {.queue = {.backoff_first = std::chrono::milliseconds(1)}});
  engine.manager->Start();
  ASSERT_TRUE(engine.store->Create(NewTrial("t")).ok());
  EXPECT_TRUE(engine.reconciler->AwaitCalls(Key("t"), 4));
}

TEST(Manager, AWorkerThatIsBusyDoesNotHoldUpOtherKeys) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  Engine engine([released](const ObjectKey& key, int) {
    if (key.name == "slow") released.wait();
    return Requeue{};
  });
  engine.manager->Start();
  ASSERT_TRUE(engine.store->Create(NewTrial("slow")).ok());
  ASSERT_TRUE(engine.store->Create(NewTrial("quick")).ok());
  EXPECT_TRUE(engine.reconciler->AwaitCalls(Key("quick"), 1));
  EXPECT_FALSE(engine.manager->Counts().idle());
  const Status late = engine.manager->Stop(std::chrono::milliseconds(1));
  EXPECT_EQ(late.kind(), StatusKind::kDeadlineExceeded);
  EXPECT_THAT(late.message(), HasSubstr("Trial default/slow"));
  release.set_value();
  EXPECT_TRUE(engine.manager->Stop(std::chrono::minutes(1)).ok());
}

}  // namespace
}  // namespace lockstep
