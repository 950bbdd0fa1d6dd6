// What a pass asks of the store with many trials: as many calls as with few, and objects in
// proportion to the trials. Times are printed only: `./dev bench reconcile` judges them.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "operators/api/conditions.h"
#include "operators/reconcile/controllers.h"
#include "operators/reconcile/observation_keeper.h"
#include "operators/reconcile/ownership.h"
#include "operators/reconcile/retention_reconciler.h"
#include "runtime/base/check.h"
#include "runtime/base/metric_line.h"
#include "tests/operators/reconcile/test_world.h"

namespace lockstep {
namespace {

// What was asked of a store.
struct Cost {
  std::uint64_t calls = 0;
  std::uint64_t objects = 0;  // that were handed out
};

class CountingStore final : public Store {
 public:
  explicit CountingStore(Store& inner) : inner_(inner) {}
  Result<ObjectPtr> Get(const ObjectKey& key) const override { return One(inner_.Get(key)); }
  Result<std::vector<ObjectPtr>> List(const ListFilter& filter) const override {
    Result<std::vector<ObjectPtr>> listed = inner_.List(filter);
    ++cost.calls;
    if (listed.ok()) cost.objects += listed->size();
    return listed;
  }
  Result<ObjectPtr> Create(Object object) override { return One(inner_.Create(std::move(object))); }
  Result<ObjectPtr> Update(Object object) override { return One(inner_.Update(std::move(object))); }
  Result<ObjectPtr> UpdateStatus(Object object) override {
    return One(inner_.UpdateStatus(std::move(object)));
  }
  Status Delete(const ObjectKey& key) override { return inner_.Delete(key); }
  Status Remove(const ObjectKey& key) override { return inner_.Remove(key); }
  std::unique_ptr<Subscription> Watch(const ListFilter& filter,
                                      std::function<void(const Change&)> on_change) override {
    return inner_.Watch(filter, std::move(on_change));
  }

  mutable Cost cost;

 private:
  Result<ObjectPtr> One(Result<ObjectPtr> object) const {
    ++cost.calls;
    ++cost.objects;
    return object;
  }
  Store& inner_;
};

using Microseconds = std::chrono::duration<double, std::micro>;

// An Experiment that has run `trials` trials, each with its job, and goes on.
class LongSearch {
 public:
  explicit LongSearch(int trials)
      : world_(LossIsLr),
        controllers_(MakeControllers(store_, *world_.observations, world_.backend, SystemClock())) {
    key_ = world_.Apply(SearchOverLr("e", R"({"parallelTrialCount": 1})"));
    const auto experiment = world_.Get<Experiment>(key_);
    Suggestion search;
    search.meta.name = "e";
    search.meta.namespace_ = "default";
    search.meta.owner_references = {ControllerReference(experiment)};
    search.spec.algorithm = *experiment.spec.algorithm;
    search.spec.requests = trials;
    const ObjectKey search_key = world_.Apply(search);
    search = world_.Get<Suggestion>(search_key);
    for (int i = 0; i < trials; ++i) {
      const std::string name = "e-" + std::to_string(i);
      const std::string lr = std::to_string(0.01 + 0.04 * i / trials);
      search.status.suggestions.push_back(
          {.name = name, .parameter_assignments = {{"lr", lr}}, .labels = {}});
      AddTrial(experiment, name, lr);
    }
    CHECK(world_.store->UpdateStatus(std::move(search)).ok());
  }

  // Of one whole turn: the Experiment asks for a point, gets it and creates its Trial.
  Microseconds Turn() {
    const auto start = std::chrono::steady_clock::now();
    Look(key_);
    Look({Suggestion::kKind, "default", "e"});
    Look(key_);
    const Microseconds took = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(world_.Get<Experiment>(key_).status.trials_pending, 1);
    return took;
  }
  // Nothing has changed.
  Microseconds Pass(const ObjectKey& key) {
    Microseconds least = Microseconds::max();
    for (int i = 0; i < 5; ++i) {
      const auto start = std::chrono::steady_clock::now();
      Look(key);
      least = std::min<Microseconds>(least, std::chrono::steady_clock::now() - start);
    }
    return least;
  }
  Microseconds Delete() {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(world_.store->Delete(key_).ok());
    for (const ObjectPtr& job : *world_.store->List({TrainingJob::kKind, "", {}}))
      Look(KeyOf(*job));
    const Microseconds took = std::chrono::steady_clock::now() - start;
    EXPECT_FALSE(world_.store->Get(key_).ok()) << "it goes with the last of its jobs";
    return took;
  }
  const ObjectKey& key() const { return key_; }
  Cost TakeCost() { return std::exchange(store_.cost, {}); }

 private:
  void AddTrial(const Experiment& experiment, const std::string& name, const std::string& lr) {
    Trial trial;
    trial.meta.name = name;
    trial.meta.namespace_ = "default";
    trial.meta.labels[kExperimentLabel] = "e";
    trial.meta.owner_references = {ControllerReference(experiment)};
    trial.spec.objective = experiment.spec.objective;
    trial.spec.parameter_assignments = {{"lr", lr}};
    trial = world_.Get<Trial>(world_.Apply(trial));
    trial.status.observation.metrics = {{"loss", lr, lr, lr}};
    for (int step = 1; step <= 10; ++step) trial.status.curve.push_back({step, lr});
    SetEnded(trial.status.conditions, condition::kSucceeded, "TrialSucceeded", "", WallTime{});
    CHECK(world_.store->UpdateStatus(trial).ok());
    const MetricRow row{.name = "loss", .value = lr, .time = "", .step = 1};
    CHECK(world_.observations->Append(trial.meta.uid, {row}, {"stdout", "", "1"}).ok());
    TrainingJob job;
    job.meta.name = name;
    job.meta.namespace_ = "default";
    job.meta.owner_references = {ControllerReference(trial)};
    job = world_.Get<TrainingJob>(world_.Apply(job));
    SetEnded(job.status.conditions, condition::kSucceeded, "TrainingJobSucceeded", "", WallTime{});
    job.status.completion_time = FormatTime(SystemClock().Now());
    CHECK(world_.store->UpdateStatus(std::move(job)).ok());
  }
  void Look(const ObjectKey& key) {
    for (const Controller& controller : controllers_) {
      if (controller.kind != key.kind) continue;
      const auto result = controller.reconciler->Reconcile(key);
      EXPECT_TRUE(result.ok()) << result.status().ToString();
    }
  }

  TestWorld world_;
  CountingStore store_{*world_.store};
  const std::vector<Controller> controllers_;
  ObjectKey key_;
};

TEST(Scale, APassAsksForObjectsInProportionToTheTrials) {
  constexpr int kFew = 2'500, kMany = 20'000;
  LongSearch few(kFew), many(kMany);
  const auto compare = [&](const char* what, Microseconds small, Microseconds large) {
    const Cost cost = few.TakeCost(), more = many.TakeCost();
    std::cout << what << ": " << kFew << " trials " << small.count() << " us, " << kMany
              << " trials " << large.count() << " us; " << more.calls << " calls, " << more.objects
              << " objects\n";
    EXPECT_EQ(more.calls, cost.calls) << what;
    EXPECT_LE(more.objects, cost.objects * kMany / kFew) << what;
  };
  few.TakeCost(), many.TakeCost();
  compare("a turn", few.Turn(), many.Turn());
  compare("five passes of the Experiment", few.Pass(few.key()), many.Pass(many.key()));
  const ObjectKey observations{kObservationsKind, "", ""};
  compare("five looks for metrics to forget", few.Pass(observations), many.Pass(observations));
  std::cout << "deleting all: " << few.Delete().count() << " us, " << many.Delete().count()
            << " us\n";
  EXPECT_LE(many.TakeCost().objects, few.TakeCost().objects * kMany / kFew);
}

}  // namespace
}  // namespace lockstep
