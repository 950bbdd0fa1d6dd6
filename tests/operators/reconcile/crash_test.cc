// An operator that is killed between any two of its effects, and started again: no trial is lost
// and none is run twice.
//
// A fuse stands between the operator and everything that outlives it. When it burns, in the middle
// of whatever was going on, nothing of that operator reaches the world any more; the last effect
// may have been made without the operator having learned of it, as when a power cut comes between
// a commit and its acknowledgement.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <set>
#include <utility>

#include "operators/api/conditions.h"
#include "operators/api/defaults.h"
#include "operators/api/intent.h"
#include "tests/operators/reconcile/test_world.h"

namespace lockstep {
namespace {

class Fuse {
 public:
  Fuse(int effects, bool last_is_made) : left_(effects), last_is_made_(last_is_made) {}

  // Makes the effect, or not.
  template <class Effect>
  auto Let(Effect effect) -> decltype(effect()) {
    std::lock_guard lock(mutex_);  // an effect is made before the fuse burns, or not at all
    if (left_ > 0) {
      if (--left_ > 0) return effect();
      if (last_is_made_) static_cast<void>(effect());
    }
    return Unavailable("the operator is dead");
  }
  bool burnt() const {
    std::lock_guard lock(mutex_);
    return left_ == 0;
  }

 private:
  mutable std::mutex mutex_;
  int left_;  // guarded by mutex_
  const bool last_is_made_;
};

class FusedStore final : public Store {
 public:
  FusedStore(Store& store, Fuse& fuse) : store_(store), fuse_(fuse) {}
  Result<ObjectPtr> Get(const ObjectKey& key) const override { return store_.Get(key); }
  Result<std::vector<ObjectPtr>> List(const ListFilter& filter) const override {
    return store_.List(filter);
  }
  Result<ObjectPtr> Create(Object object) override {
    return fuse_.Let([&] { return store_.Create(object); });
  }
  Result<ObjectPtr> Update(Object object) override {
    return fuse_.Let([&] { return store_.Update(object); });
  }
  Result<ObjectPtr> UpdateStatus(Object object) override {
    return fuse_.Let([&] { return store_.UpdateStatus(object); });
  }
  Status Delete(const ObjectKey& key) override {
    return fuse_.Let([&] { return store_.Delete(key); });
  }
  Status Remove(const ObjectKey& key) override {
    return fuse_.Let([&] { return store_.Remove(key); });
  }
  std::unique_ptr<Subscription> Watch(const ListFilter& filter,
                                      std::function<void(const Change&)> on_change) override {
    return store_.Watch(filter, std::move(on_change));
  }

 private:
  Store& store_;
  Fuse& fuse_;
};

class FusedObservations final : public ObservationStore {
 public:
  FusedObservations(ObservationStore& store, Fuse& fuse) : store_(store), fuse_(fuse) {}
  Status Append(std::string_view uid, const std::vector<MetricRow>& rows,
                const ReadMark& mark) override {
    return fuse_.Let([&] { return store_.Append(uid, rows, mark); });
  }
  Result<std::vector<MetricRow>> Rows(std::string_view uid, std::string_view name,
                                      std::size_t rows_max) const override {
    return store_.Rows(uid, name, rows_max);
  }
  Result<std::uint64_t> Count(std::string_view uid, std::string_view name) const override {
    return store_.Count(uid, name);
  }
  Result<std::string> Mark(std::string_view uid, std::string_view source) const override {
    return store_.Mark(uid, source);
  }
  Result<std::vector<std::string>> TrialUids() const override { return store_.TrialUids(); }
  Status Forget(std::string_view uid) override { return store_.Forget(uid); }

 private:
  ObservationStore& store_;
  Fuse& fuse_;
};

class FusedBackend final : public JobBackend {
 public:
  FusedBackend(JobBackend& backend, Fuse& fuse) : backend_(backend), fuse_(fuse) {}
  Status Apply(const JobPlan& plan) override {
    return fuse_.Let([&] { return backend_.Apply(plan); });
  }
  Result<JobObservation> Observe(const JobId& id) override { return backend_.Observe(id); }
  Result<bool> Stop(const JobId& id) override {
    return fuse_.Let([&] { return backend_.Stop(id); });
  }
  Result<FilePiece> ReadFile(const JobId& id, std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override {
    return backend_.ReadFile(id, name, offset, bytes_max);
  }
  Result<std::vector<ListedFile>> ListFiles(const JobId& id, std::string_view folder) override {
    return backend_.ListFiles(id, folder);
  }
  Result<std::uint64_t> Size(const JobId& id) override { return backend_.Size(id); }
  Status Forget(const JobId& id) override {
    return fuse_.Let([&] { return backend_.Forget(id); });
  }
  Result<std::vector<OrphanedJob>> ListOrphans(
      const std::function<bool(const JobId&)>& known) override {
    return backend_.ListOrphans(known);
  }

 private:
  JobBackend& backend_;
  Fuse& fuse_;
};

// Most trials succeed; some fail, some lose their launcher once.
FakeRun Eventful(const JobPlan& plan) {
  FakeRun run = LossIsLr(plan);
  const int kind = static_cast<int>(LrOf(plan) * 10'000) % 5;
  if (kind == 0) run = {.log = "oops\n", .cause = "user-error", .exit_code = 1};
  if (kind == 1 && plan.id.generation == 0) run.cause = "launcher-lost";
  return run;
}

// The same, into the file of the collector File.
FakeRun EventfulInAFile(const JobPlan& plan) {
  FakeRun run = Eventful(plan);
  run.files["volumes/rank-0/metrics-volume/metrics.log"] = std::exchange(run.log, "");
  return run;
}

void CheckNothingLostOrDoubled(const TestWorld& world) {
  const std::vector<Trial> trials = world.Trials();
  EXPECT_EQ(trials.size(), 8U);
  std::set<std::string> expected_starts;
  std::set<std::string> points;
  for (const Trial& trial : trials) {
    const TrainingJob job =
        world.Get<TrainingJob>({TrainingJob::kKind, "default", trial.meta.name});
    points.insert(trial.spec.parameter_assignments.at(0).value);
    for (int generation = 0; generation <= job.status.generation; ++generation)
      expected_starts.insert("default/" + trial.meta.name + "/" + std::to_string(generation));
    const std::size_t reports = world.observations->Rows(trial.meta.uid, "loss")->size();
    const bool failed = IsTrue(trial.status.conditions, condition::kFailed);
    EXPECT_EQ(reports, failed ? 0U : 2U * static_cast<unsigned>(job.status.generation + 1));
  }
  EXPECT_EQ(points.size(), 8U) << "each trial has a point of its own";
  std::set<std::string> starts;
  for (const auto& [start, count] : world.backend.Starts()) {
    starts.insert(start);
    EXPECT_EQ(count, 1) << start;
  }
  EXPECT_EQ(starts, expected_starts);
}

int RunWithCrashes(TestWorld& world, std::mt19937& random,
                   const std::optional<MachineResources>& machine = std::nullopt) {
  int crashes = 0;
  for (bool settled = false; !settled;) {
    Fuse fuse(std::uniform_int_distribution<int>(1, 40)(random), random() % 2 == 0);
    FusedStore store(*world.store, fuse);
    FusedObservations observations(*world.observations, fuse);
    FusedBackend backend(world.backend, fuse);
    const auto manager = NewOperator(store, observations, backend, machine);
    EXPECT_TRUE(Await([&] { return fuse.burnt() || Settled(world); })) << "stuck";
    EXPECT_TRUE(manager->Stop(std::chrono::seconds(30)).ok());
    settled = Settled(world) || testing::Test::HasFailure();
    ++crashes;
  }
  return crashes;
}

TEST(Crash, NoTrialIsLostOrRunTwice) {
  const unsigned first_seed = std::random_device{}();
  int crashes = 0;
  for (unsigned round = 0; round < 50; ++round) {
    const unsigned seed = first_seed + round;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const bool in_a_file = round % 2 == 1;
    TestWorld world(in_a_file ? EventfulInAFile : Eventful);
    const ObjectKey key = world.Apply(
        SearchOverLr("e", in_a_file ? R"({"maxTrialCount": 8, "parallelTrialCount": 3,
                             "metricsCollectorSpec": {"collector": {"kind": "File"}}})"
                                    : R"({"maxTrialCount": 8, "parallelTrialCount": 3})"));
    crashes += RunWithCrashes(world, random);
    CheckNothingLostOrDoubled(world);
    EXPECT_TRUE(IsTrue(world.Get<Experiment>(key).status.conditions, condition::kSucceeded));
    if (HasFailure()) break;
  }
  std::cout << "seeds from " << first_seed << ", " << crashes << " operators\n";
}

TrainingJob JobWithAGpu(int number) {
  Object object = DecodeObject(Json::parse(R"({
    "apiVersion": "lockstep.dev/v1alpha1", "kind": "TrainingJob",
    "metadata": {"name": "job-)" + std::to_string(number) +
                                           R"("},
    "spec": {"maxRestarts": 1, "roles": [{"name": "worker", "template": {"spec": {"containers": [
      {"name": "c", "command": ["train"], "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}]}})"))
                      .value();
  SetDefaults(object);
  return std::get<TrainingJob>(object);
}

// A claim is written down before its job starts, and the operator may be killed between the two.
TEST(Crash, JobsThatShareGpusAreEachRunOnceAndNeverTwoOnOne) {
  const unsigned first_seed = std::random_device{}();
  int crashes = 0;
  for (unsigned round = 0; round < 25; ++round) {
    const unsigned seed = first_seed + round;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::map<std::string, std::string> user_of;  // guarded by the backend's mutex
    TestWorld* the_world = nullptr;
    TestWorld world([&](const JobPlan& plan) {
      std::string& user = user_of[plan.rank_devices.at(0).at(0)];
      if (!user.empty() && user != plan.id.name) {
        const ObjectKey before{TrainingJob::kKind, "default", user};
        EXPECT_TRUE(HasEnded(the_world->Get<TrainingJob>(before).status.conditions));
      }
      user = plan.id.name;
      const bool fails = plan.id.generation == 0 && plan.id.name.back() % 2 == 0;
      return FakeRun{.cause = fails ? "launcher-lost" : "succeeded"};
    });
    the_world = &world;
    for (int i = 0; i < 10; ++i) world.Apply(JobWithAGpu(i));
    crashes += RunWithCrashes(world, random, MachineResources{.devices = {"0", "1"}});
    EXPECT_EQ(world.backend.Starts().size(), 15u);
    for (const auto& [start, count] : world.backend.Starts()) EXPECT_EQ(count, 1) << start;
    EXPECT_LE(world.backend.RunningAtMost(), 2);
    if (HasFailure()) break;
  }
  std::cout << "seeds from " << first_seed << ", " << crashes << " operators\n";
}

// A user's edit, which no crash of the operator undoes.
void Suspend(TestWorld& world, const ObjectKey& key, bool suspend) {
  for (bool written = false; !written;) {
    Experiment experiment = world.Get<Experiment>(key);
    experiment.meta.annotations.erase(kSuspendAnnotation);
    if (suspend) experiment.meta.annotations[kSuspendAnnotation] = "true";
    written = world.store->Update(std::move(experiment)).ok();
  }
}

TEST(Crash, SuspendedAndResumedAtAnyMomentNoTrialIsLostOrFailsForIt) {
  const unsigned first_seed = std::random_device{}();
  int suspended_generations = 0;
  for (unsigned round = 0; round < 25; ++round) {
    const unsigned seed = first_seed + round;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    TestWorld world([](const JobPlan& plan) {  // only a suspension starts one again
      FakeRun run = LossIsLr(plan);
      run.looks = 10;
      if (static_cast<int>(LrOf(plan) * 10'000) % 5 == 0) run.cause = "user-error";
      return run;
    });
    const ObjectKey key =
        world.Apply(SearchOverLr("e", R"({"maxTrialCount": 8, "parallelTrialCount": 3})"));
    for (int life = 0; life < 20; ++life) {
      Suspend(world, key, life % 2 == 0);
      Fuse fuse(std::uniform_int_distribution<int>(1, 40)(random), random() % 2 == 0);
      FusedStore store(*world.store, fuse);
      FusedObservations observations(*world.observations, fuse);
      FusedBackend backend(world.backend, fuse);
      const auto manager = NewOperator(store, observations, backend);
      const auto rests = [&] {
        return IsTrue(world.Get<Experiment>(key).status.conditions, condition::kSuspended) &&
               world.backend.RunningNow() == 0 && manager->Counts().idle();
      };
      EXPECT_TRUE(Await([&] {
        return fuse.burnt() || Settled(world) || (life % 2 == 0 && rests());
      })) << "stuck";
      EXPECT_TRUE(manager->Stop(std::chrono::seconds(30)).ok());
    }
    Suspend(world, key, false);
    EXPECT_TRUE(RunUntilIdle(world));
    EXPECT_EQ(world.Trials().size(), 8U);
    for (const Trial& trial : world.Trials()) {
      const Condition* failed = FindCondition(trial.status.conditions, condition::kFailed);
      if (failed == nullptr) {
        EXPECT_TRUE(IsTrue(trial.status.conditions, condition::kSucceeded));
      } else {
        EXPECT_THAT(failed->message, testing::HasSubstr("user-error"));
      }
    }
    for (const auto& [start, count] : world.backend.Starts()) {
      EXPECT_EQ(count, 1) << start;
      suspended_generations += start.ends_with("/0") ? 0 : 1;
    }
    if (HasFailure()) break;
  }
  EXPECT_GT(suspended_generations, 0) << "nothing was ever suspended";
  std::cout << "seeds from " << first_seed << ", " << suspended_generations << " later starts\n";
}

}  // namespace
}  // namespace lockstep
