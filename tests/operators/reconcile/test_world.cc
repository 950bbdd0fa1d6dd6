#include "tests/operators/reconcile/test_world.h"

#include <thread>

#include "operators/api/conditions.h"
#include "operators/api/defaults.h"
#include "operators/reconcile/controllers.h"
#include "operators/reconcile/experiment_status.h"
#include "operators/store/memory_store.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

constexpr char kSearchOverLr[] = R"({
  "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {},
  "spec": {
    "objective": {"type": "minimize", "objectiveMetricName": "loss"},
    "algorithm": {"algorithmName": "random"},
    "parameters": [{"name": "lr", "parameterType": "double",
                    "feasibleSpace": {"min": "0.01", "max": "0.05"}}],
    "trialTemplate": {
      "trialParameters": [{"name": "lr", "reference": "lr"}],
      "trialSpec": {
        "apiVersion": "lockstep.dev/v1alpha1", "kind": "TrainingJob",
        "spec": {"roles": [{"name": "worker", "replicas": 2, "template": {"spec": {
          "containers": [{"name": "train", "command": ["train", "--lr=${trialParameters.lr}"]}]
        }}}]}}}}})";

}  // namespace

Experiment SearchOverLr(const std::string& name, const std::string& spec) {
  Json json = Json::parse(kSearchOverLr);
  json["metadata"]["name"] = name;
  json["spec"].merge_patch(Json::parse(spec));
  Object object = DecodeObject(json).value();
  SetDefaults(object);
  return std::get<Experiment>(object);
}

double LrOf(const JobPlan& plan) {
  const Container& container = plan.spec.roles.at(0).pod_template.spec.containers.at(0);
  return std::stod(container.command.at(1).substr(sizeof("--lr=") - 1));
}

FakeRun LossIsLr(const JobPlan& plan) {
  const std::string lr = std::to_string(LrOf(plan));
  return {.log = "starting\nepoch=1 loss=9\nepoch=2 loss=" + lr + "\n"};
}

TestWorld::TestWorld(std::function<FakeRun(const JobPlan&)> script)
    : store(MakeMemoryStore()), backend(std::move(script)) {}

ObjectKey TestWorld::Apply(Object object) {
  const ObjectKey key = KeyOf(object);
  const Result<ObjectPtr> created = store->Create(std::move(object));
  CHECK(created.ok()) << created.status().ToString();
  return key;
}

std::vector<Trial> TestWorld::Trials() const {
  const auto listed = store->List({.kind = Trial::kKind, .namespace_ = "", .labels = {}});
  std::vector<Trial> trials;
  for (const ObjectPtr& trial : *listed) trials.push_back(std::get<Trial>(*trial));
  return trials;
}

std::string TestWorld::EndOf(const std::vector<Condition>& conditions) const {
  std::string ends;
  for (const char* type : {condition::kSucceeded, condition::kFailed, condition::kKilled,
                           condition::kEarlyStopped, condition::kMetricsUnavailable})
    if (IsTrue(conditions, type)) ends += type;
  return ends;
}

std::vector<std::string> TestWorld::TrialEnds() const {
  std::vector<std::string> ends;
  for (const Trial& trial : Trials()) ends.push_back(EndOf(trial.status.conditions));
  return ends;
}

bool Settled(const TestWorld& world) {
  const auto list = [&](const char* kind) {
    return *world.store->List({.kind = kind, .namespace_ = "", .labels = {}});
  };
  for (const ObjectPtr& object : list(Experiment::kKind)) {
    const Experiment& experiment = std::get<Experiment>(*object);
    if (!experiment.meta.deletion_timestamp.empty() || !HasEnded(experiment.status.conditions) ||
        ActiveTrials(experiment.status) > 0)
      return false;
  }
  for (const ObjectPtr& object : list(Suggestion::kKind)) {
    const Suggestion& suggestion = std::get<Suggestion>(*object);
    if (suggestion.spec.resume_policy == "Never" && !HasEnded(suggestion.status.conditions))
      return false;
  }
  for (const ObjectPtr& object : list(Trial::kKind))
    if (!HasEnded(std::get<Trial>(*object).status.conditions)) return false;
  for (const ObjectPtr& object : list(TrainingJob::kKind))
    if (!HasEnded(std::get<TrainingJob>(*object).status.conditions)) return false;
  return true;
}

bool Await(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < deadline) {
    if (done()) return true;
    std::this_thread::yield();
  }
  return false;
}

std::unique_ptr<Manager> NewOperator(Store& store, ObservationStore& observations,
                                     JobBackend& backend, std::optional<MachineResources> machine) {
  const std::chrono::milliseconds poll(1);
  auto manager = std::make_unique<Manager>(
      store, SystemClock(),
      MakeControllers(store, observations, backend, SystemClock(),
                      {.poll = poll, .machine = std::move(machine)}),
      ManagerOptions{.workers = 3,
                     .conflict_delay = std::chrono::milliseconds(1),
                     .queue = {.backoff_first = std::chrono::milliseconds(1)}});
  manager->Start();
  return manager;
}

bool RunUntil(TestWorld& world, const std::function<bool()>& done) {
  const auto manager = NewOperator(*world.store, *world.observations, world.backend);
  const bool in_time = Await(done);
  return manager->Stop(std::chrono::seconds(30)).ok() && in_time;
}

bool RunUntilIdle(TestWorld& world) {
  const auto manager = NewOperator(*world.store, *world.observations, world.backend);
  const bool in_time = Await([&] { return Settled(world) && manager->Counts().idle(); });
  return manager->Stop(std::chrono::seconds(30)).ok() && in_time;
}

}  // namespace lockstep
