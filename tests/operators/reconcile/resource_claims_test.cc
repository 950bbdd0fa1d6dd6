// The whole operator with a machine that is too small for all jobs at once.
#include "operators/reconcile/resource_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "operators/api/conditions.h"
#include "operators/api/defaults.h"
#include "operators/api/intent.h"
#include "operators/store/memory_store.h"
#include "tests/operators/reconcile/test_world.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TrainingJob JobAsking(const std::string& name, const std::string& resources, int ranks = 1) {
  Object object = DecodeObject(Json::parse(R"({
    "apiVersion": "lockstep.dev/v1alpha1", "kind": "TrainingJob",
    "metadata": {"name": ")" + name + R"("},
    "spec": {"roles": [{"name": "worker", "replicas": )" +
                                           std::to_string(ranks) + R"(,
      "template": {"spec": {"containers": [{"name": "c", "command": ["train"],
      "resources": )" + resources + R"(}]}}}]}})"))
                      .value();
  SetDefaults(object);
  return std::get<TrainingJob>(object);
}

const char* const kOneGpu = R"({"limits": {"nvidia.com/gpu": 1}})";
const char* const kTwoGpus = R"({"limits": {"nvidia.com/gpu": 2}})";

std::unique_ptr<Manager> NewSmallOperator(TestWorld& world, MachineResources machine) {
  return NewOperator(*world.store, *world.observations, world.backend, std::move(machine));
}

bool IsQueued(const TestWorld& world, const ObjectKey& key) {
  const TrainingJob job = world.Get<TrainingJob>(key);
  const Condition* running = FindCondition(job.status.conditions, condition::kRunning);
  return running != nullptr && running->reason == reason::kQueued;
}

// What is told to the ranks of each job that was started, by its name.
struct Told {
  std::mutex mutex;
  std::map<std::string, std::vector<std::vector<std::string>>> devices;
};

TEST(ResourceClaims, AJobThatDoesNotFitWaitsAndStartsByItself) {
  Told told;
  TestWorld world([&](const JobPlan& plan) {
    const std::lock_guard lock(told.mutex);
    told.devices[plan.id.name] = plan.rank_devices;
    return FakeRun{.looks = -1};
  });
  const auto manager = NewSmallOperator(world, {.devices = {"4", "6"}});
  const ObjectKey first = world.Apply(JobAsking("first", kOneGpu, 2));
  ASSERT_TRUE(Await([&] { return world.backend.RunningNow() == 1; }));
  const ObjectKey second = world.Apply(JobAsking("second", kOneGpu));
  const ObjectKey third = world.Apply(JobAsking("third", "{}"));
  ASSERT_TRUE(Await([&] { return IsQueued(world, second) && world.backend.RunningNow() == 2; }));
  const TrainingJob waits = world.Get<TrainingJob>(second);
  EXPECT_EQ(FindCondition(waits.status.conditions, condition::kRunning)->message,
            "waits for 1 GPU: 0 of 2 are free");
  EXPECT_EQ(waits.status.start_time, "") << "its deadline does not run";
  EXPECT_FALSE(waits.status.holds_resources);
  EXPECT_THAT(world.Get<TrainingJob>(first).status.devices, ElementsAre("4", "6"));
  ASSERT_TRUE(world.store->Delete(first).ok());
  ASSERT_TRUE(Await([&] { return world.backend.Starts().contains("default/second/0"); }));
  EXPECT_THAT(world.Get<TrainingJob>(second).status.devices, ElementsAre("4"));
  ASSERT_TRUE(Await([&] { return !IsQueued(world, second); }));
  const std::lock_guard lock(told.mutex);
  EXPECT_THAT(told.devices["first"], ElementsAre(ElementsAre("4", "6")));
  EXPECT_THAT(told.devices["second"], ElementsAre(ElementsAre("4")));
  EXPECT_THAT(told.devices["third"], IsEmpty());
}

TEST(ResourceClaims, OneThatNeverFitsFailsAtOnce) {
  TestWorld world([](const JobPlan&) { return FakeRun{}; });
  const auto manager = NewSmallOperator(world, {.devices = {"0"}});
  const ObjectKey key = world.Apply(JobAsking("large", kTwoGpus));
  ASSERT_TRUE(Await([&] { return Settled(world); }));
  const TrainingJob job = world.Get<TrainingJob>(key);
  EXPECT_EQ(world.EndOf(job.status.conditions), "Failed");
  EXPECT_EQ(job.status.first_failure->cause, "start-failed");
  EXPECT_THAT(job.status.first_failure->message, HasSubstr("asks for 2 GPUs"));
  EXPECT_THAT(world.backend.Starts(), IsEmpty());
}

TEST(ResourceClaims, ARestartAndTheNextOperatorKeepTheDevices) {
  std::atomic<int> starts{0};
  TestWorld world([&](const JobPlan& plan) {
    if (plan.id.name != "held") return FakeRun{.looks = -1};
    return ++starts == 1 ? FakeRun{.cause = "user-error", .exit_code = 1} : FakeRun{.looks = -1};
  });
  const MachineResources machine{.devices = {"0", "1"}};
  auto manager = NewSmallOperator(world, machine);
  TrainingJob job = JobAsking("held", kOneGpu);
  job.spec.max_restarts = 3;
  const ObjectKey held = world.Apply(job);
  ASSERT_TRUE(Await([&] { return world.backend.Starts().contains("default/held/1"); }));
  EXPECT_THAT(world.Get<TrainingJob>(held).status.devices, ElementsAre("0"));
  manager.reset();
  manager = NewSmallOperator(world, machine);
  const ObjectKey other = world.Apply(JobAsking("other", kOneGpu));
  ASSERT_TRUE(Await([&] { return world.backend.Starts().contains("default/other/0"); }));
  EXPECT_THAT(world.Get<TrainingJob>(other).status.devices, ElementsAre("1"));
}

TEST(ResourceClaims, ASuspendedJobLetsOthersHaveItsDevicesAndWaitsToGoOn) {
  TestWorld world([](const JobPlan&) { return FakeRun{.looks = -1}; });
  const auto manager = NewSmallOperator(world, {.devices = {"0"}});
  const auto annotate = [&](const ObjectKey& key, bool suspend) {
    for (;;) {
      TrainingJob job = world.Get<TrainingJob>(key);
      job.meta.annotations.erase(kSuspendAnnotation);
      if (suspend) job.meta.annotations[kSuspendAnnotation] = "true";
      if (world.store->Update(job).ok()) return;
    }
  };
  const ObjectKey first = world.Apply(JobAsking("first", kOneGpu));
  ASSERT_TRUE(Await([&] { return world.backend.RunningNow() == 1; }));
  const ObjectKey second = world.Apply(JobAsking("second", kOneGpu));
  annotate(first, true);
  ASSERT_TRUE(Await([&] { return world.backend.Starts().contains("default/second/0"); }));
  annotate(first, false);
  ASSERT_TRUE(Await([&] { return IsQueued(world, first); }));
  EXPECT_THAT(world.Get<TrainingJob>(first).status.devices, IsEmpty());
  ASSERT_TRUE(world.store->Delete(second).ok());
  ASSERT_TRUE(Await([&] { return world.backend.Starts().contains("default/first/1"); }));
}

TEST(ResourceClaims, TheDeadlineOfAResumedJobDoesNotRunWhileItWaits) {
  TestWorld world([](const JobPlan&) { return FakeRun{.looks = -1}; });
  const auto manager = NewSmallOperator(world, {.devices = {"0"}});
  TrainingJob rests = JobAsking("rests", kOneGpu);
  rests.spec.suspend = true;
  rests.spec.active_deadline_seconds = 1;
  const ObjectKey first = world.Apply(rests);
  world.Apply(JobAsking("runs", kOneGpu));
  ASSERT_TRUE(Await([&] { return world.backend.RunningNow() == 1; }));
  for (;;) {
    TrainingJob job = world.Get<TrainingJob>(first);
    job.spec.suspend = false;
    if (world.store->Update(job).ok()) break;
  }
  ASSERT_TRUE(Await([&] { return IsQueued(world, first); }));
  EXPECT_EQ(world.Get<TrainingJob>(first).status.start_time, "");
}

TEST(ResourceClaims, AJobThatEndsOrRestsOrIsDeletedInTheQueueWaitsNoMore) {
  TestWorld world([](const JobPlan&) { return FakeRun{.looks = -1}; });
  const auto manager = NewSmallOperator(world, {.devices = {"0"}});
  world.Apply(JobAsking("runs", kOneGpu));
  ASSERT_TRUE(Await([&] { return world.backend.RunningNow() == 1; }));
  std::map<std::string, ObjectKey> keys;
  for (const char* name : {"stops", "rests", "goes"}) {
    keys[name] = world.Apply(JobAsking(name, kOneGpu));
    ASSERT_TRUE(Await([&] { return IsQueued(world, keys[name]); }));
  }
  const auto annotate = [&](const ObjectKey& key, const char* annotation) {
    for (;;) {
      TrainingJob job = world.Get<TrainingJob>(key);
      job.meta.annotations[annotation] = "true";
      if (world.store->Update(job).ok()) return;
    }
  };
  annotate(keys["stops"], kStopAnnotation);
  annotate(keys["rests"], kSuspendAnnotation);
  ASSERT_TRUE(world.store->Delete(keys["goes"]).ok());
  ASSERT_TRUE(Await([&] { return !world.store->Get(keys["goes"]).ok(); }));
  const auto status = [&](const char* name) { return world.Get<TrainingJob>(keys[name]).status; };
  ASSERT_TRUE(Await([&] { return IsTrue(status("rests").conditions, condition::kSuspended); }));
  ASSERT_TRUE(Await([&] { return HasEnded(status("stops").conditions); }));
  for (const char* name : {"stops", "rests"}) {
    EXPECT_EQ(FindCondition(status(name).conditions, condition::kRunning), nullptr) << name;
    EXPECT_FALSE(status(name).holds_resources);
  }
  EXPECT_EQ(world.backend.Starts().size(), 1u);
}

// Counts what is listed.
class CountingStore final : public Store {
 public:
  Result<ObjectPtr> Get(const ObjectKey& key) const override { return inner_->Get(key); }
  Result<std::vector<ObjectPtr>> List(const ListFilter& filter) const override {
    ++lists;
    return inner_->List(filter);
  }
  Result<ObjectPtr> Create(Object object) override { return inner_->Create(std::move(object)); }
  Result<ObjectPtr> Update(Object object) override { return inner_->Update(std::move(object)); }
  Result<ObjectPtr> UpdateStatus(Object object) override {
    if (fails) return Unavailable("the disk is full");
    return inner_->UpdateStatus(std::move(object));
  }
  Status Delete(const ObjectKey& key) override { return inner_->Delete(key); }
  Status Remove(const ObjectKey& key) override { return inner_->Remove(key); }
  std::unique_ptr<Subscription> Watch(const ListFilter& filter,
                                      std::function<void(const Change&)> on_change) override {
    return inner_->Watch(filter, std::move(on_change));
  }

  mutable int lists = 0;
  bool fails = false;

 private:
  const std::unique_ptr<Store> inner_ = MakeMemoryStore();
};

class ClaimsAlone : public testing::Test {
 protected:
  TrainingJob Create(const std::string& name, const char* asks = kOneGpu) {
    return std::get<TrainingJob>(*store_.Create(JobAsking(name, asks)).value());
  }
  ResourceDecision::Kind Claim(TrainingJob& job) { return claims_.Claim(job).value().kind; }
  std::vector<ObjectKey> Tell(Change::Kind kind, TrainingJob job) {
    const ObjectKey key = KeyOf(job);
    return claims_.OnChange({kind, key, std::make_shared<const Object>(std::move(job))});
  }

  using Kind = ResourceDecision::Kind;
  CountingStore store_;
  ResourceClaims claims_{store_, {.devices = {"0"}}};
};

TEST_F(ClaimsAlone, AllJobsAreListedOnceHoweverManyStartAndEnd) {
  for (int i = 0; i < 100; ++i) {
    TrainingJob job = Create("job-" + std::to_string(i));
    ASSERT_EQ(Claim(job), Kind::kGo);
    SetEnded(job.status.conditions, condition::kSucceeded, "TrainingJobSucceeded", "", WallTime());
    job = std::get<TrainingJob>(*store_.UpdateStatus(job).value());
    Tell(Change::Kind::kModified, job);
  }
  EXPECT_EQ(store_.lists, 1);
}

TEST_F(ClaimsAlone, ThoseThatMayStartAreWokenAndNoOthers) {
  TrainingJob holds = Create("holds");
  ASSERT_EQ(Claim(holds), Kind::kGo);
  for (int i = 0; i < 5; ++i) {
    TrainingJob waits = Create("waits-" + std::to_string(i));
    ASSERT_EQ(Claim(waits), Kind::kWait);
    EXPECT_THAT(Tell(Change::Kind::kAdded, waits), IsEmpty());
  }
  const std::vector<ObjectKey> woken = Tell(Change::Kind::kDeleted, holds);
  ASSERT_EQ(woken.size(), 1u);
  EXPECT_EQ(woken.front().name, "waits-0");
}

TEST_F(ClaimsAlone, AnOlderChangeDoesNotGiveAwayWhatIsHeld) {
  const TrainingJob before = Create("first");
  TrainingJob first = before;
  ASSERT_EQ(Claim(first), Kind::kGo);
  EXPECT_THAT(Tell(Change::Kind::kAdded, before), IsEmpty());
  TrainingJob second = Create("second");
  EXPECT_EQ(Claim(second), Kind::kWait);
}

TEST_F(ClaimsAlone, WhatCouldNotBeWrittenDownIsNotHeld) {
  TrainingJob first = Create("first");
  store_.fails = true;
  EXPECT_EQ(claims_.Claim(first).status().kind(), StatusKind::kUnavailable);
  store_.fails = false;
  EXPECT_THAT(Tell(Change::Kind::kDeleted, first), IsEmpty());
  TrainingJob second = Create("second");
  EXPECT_EQ(Claim(second), Kind::kGo);
}

// Those of an operator that was killed.
TEST_F(ClaimsAlone, WhatIsHeldAtTheStartIsKnownBeforeAnyChangeIsTold) {
  TrainingJob first = Create("first");
  ASSERT_EQ(Claim(first), Kind::kGo);
  TrainingJob second = Create("second");
  ResourceClaims next(store_, {.devices = {"0"}});
  EXPECT_EQ(next.Claim(second).value().kind, Kind::kWait);
}

// Forty jobs on a machine for a few, with three workers: never two on one GPU, whatever the order.
TEST(ResourceClaims, ParallelJobsNeverShareAGpu) {
  std::mutex mutex;
  std::map<std::string, std::string> user_of;
  std::atomic<bool> shared{false};
  TestWorld* the_world = nullptr;
  TestWorld world([&](const JobPlan& plan) {
    const std::lock_guard lock(mutex);
    for (const auto& rank : plan.rank_devices.at(0)) {
      const auto [there, fresh] = user_of.emplace(rank, plan.id.name);
      if (!fresh) {
        const TrainingJob before =
            the_world->Get<TrainingJob>({TrainingJob::kKind, "default", there->second});
        if (!HasEnded(before.status.conditions)) shared = true;
        there->second = plan.id.name;
      }
    }
    return FakeRun{.looks = 3};
  });
  the_world = &world;
  const auto manager = NewSmallOperator(world, {.devices = {"0", "1", "2"}, .milli_cpus = 4000});
  for (int i = 0; i < 40; ++i) {
    world.Apply(JobAsking("job-" + std::to_string(i),
                          R"({"limits": {"nvidia.com/gpu": 1}, "requests": {"cpu": "500m"}})",
                          1 + i % 3));
  }
  ASSERT_TRUE(Await([&] { return Settled(world); }));
  EXPECT_FALSE(shared.load());
  EXPECT_EQ(world.backend.Starts().size(), 40u);
  EXPECT_LE(world.backend.RunningAtMost(), 3);
}

}  // namespace
}  // namespace lockstep
