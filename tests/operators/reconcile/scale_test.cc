// What a pass costs with many trials: in proportion to them, no worse. Times are compared with
// those of an eighth of the trials, in the same run; a quadratic pass would take 64 times as long.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

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

using Microseconds = std::chrono::duration<double, std::micro>;

// An Experiment that has run `trials` trials, each with its job, and goes on.
class LongSearch {
 public:
  explicit LongSearch(int trials)
      : world_(LossIsLr),
        controllers_(
            MakeControllers(*world_.store, *world_.observations, world_.backend, SystemClock())) {
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
  const std::vector<Controller> controllers_;
  ObjectKey key_;
};

TEST(Scale, APassTakesTimeInProportionToTheTrials) {
  constexpr int kFew = 2'500, kMany = 20'000;
  LongSearch few(kFew), many(kMany);
  const auto compare = [](const char* what, Microseconds small, Microseconds large) {
    std::cout << what << ": " << kFew << " trials " << small.count() << " us, " << kMany
              << " trials " << large.count() << " us (" << large / small << " times)\n";
    EXPECT_LT(large / small, 32) << what;
  };
  compare("a turn", few.Turn(), many.Turn());
  compare("an Experiment's pass", few.Pass(few.key()), many.Pass(many.key()));
  const ObjectKey observations{kObservationsKind, "", ""};
  compare("looking for metrics to forget", few.Pass(observations), many.Pass(observations));
  compare("deleting all", few.Delete(), many.Delete());
}

}  // namespace
}  // namespace lockstep
