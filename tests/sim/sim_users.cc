#include "tests/sim/sim_users.h"

#include <algorithm>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/api/intent.h"
#include "runtime/base/check.h"

namespace lockstep::sim {
namespace {

constexpr int kExperimentsMax = 3;

constexpr char kExperiment[] = R"json({
  "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {},
  "spec": {
    "objective": {"objectiveMetricName": "loss"},
    "algorithm": {},
    "parameters": [{"name": "lr", "parameterType": "double", "feasibleSpace": {}}],
    "trialTemplate": {
      "primaryContainerName": "train",
      "trialParameters": [{"name": "lr", "reference": "lr"}]}}})json";

constexpr char kTrainingJob[] = R"json({
  "apiVersion": "lockstep.dev/v1alpha1", "kind": "TrainingJob",
  "spec": {"roles": [{"name": "worker", "replicas": 2, "template": {"spec": {"containers": [
    {"name": "train", "command": ["train", "--lr=${trialParameters.lr}"]}]}}}]}})json";

constexpr char kJob[] = R"json({
  "apiVersion": "batch/v1", "kind": "Job",
  "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{
    "name": "train", "image": "none",
    "command": ["train", "--lr=${trialParameters.lr}"]}]}}}})json";

bool IsAllowed(const std::vector<Finding>& findings) {
  return std::ranges::none_of(
      findings, [](const Finding& f) { return f.severity == Finding::Severity::kError; });
}

Document Unplaced(const Object& object) {
  Document document;
  document.value = EncodeObject(object);
  return document;
}

}  // namespace

Experiment SimUsers::NewExperiment(const std::string& name) {
  Json json = Json::parse(kExperiment);
  json["metadata"]["name"] = name;
  Json& spec = json["spec"];
  const bool job = random_.OneIn(3);
  Json& trial_spec = spec["trialTemplate"]["trialSpec"] = Json::parse(job ? kJob : kTrainingJob);
  (job ? trial_spec["spec"]["backoffLimit"] : trial_spec["spec"]["maxRestarts"]) = random_.Below(3);
  spec["objective"]["type"] = random_.OneIn(2) ? "minimize" : "maximize";
  if (random_.OneIn(4)) {
    spec["objective"]["metricStrategies"] = {{{"name", "loss"}, {"value", "latest"}}};
  }
  if (random_.OneIn(4)) spec["objective"]["goal"] = random_.OneIn(2) ? 0.05 : 0.95;
  Json& space = spec["parameters"][0]["feasibleSpace"];
  space = {{"min", "0.01"}, {"max", "0.05"}};
  const char* const algorithms[] = {"random", "grid", "sobol"};
  const std::string algorithm = algorithms[random_.Below(3)];
  spec["algorithm"]["algorithmName"] = algorithm;
  const auto trials = static_cast<int>(random_.Between(1, 8));
  if (algorithm == "grid") space["step"] = "0.01";  // five points
  const bool until_exhausted = algorithm == "grid" && random_.OneIn(2);
  if (!until_exhausted) spec["maxTrialCount"] = algorithm == "grid" ? std::min(trials, 5) : trials;
  spec["parallelTrialCount"] = random_.Between(1, until_exhausted ? 5 : std::min(trials, 5));
  if (random_.OneIn(2)) {
    spec["maxFailedTrialCount"] = random_.Between(1, until_exhausted ? 5 : std::min(trials, 5));
  }
  if (random_.OneIn(3)) {
    spec["earlyStopping"] = {{"algorithmName", "medianstop"},
                             {"algorithmSettings",
                              {{{"name", "min_trials_required"}, {"value", "1"}},
                               {{"name", "start_step"}, {"value", "2"}}}}};
  }
  const char* const policies[] = {"Never", "LongRunning", "FromVolume"};
  spec["resumePolicy"] = policies[random_.Below(3)];
  Object object = DecodeObject(json).value();
  SetDefaults(object);
  const Document document = Unplaced(object);
  for (const Finding& finding : Validate(object, document)) {
    CHECK(finding.severity != Finding::Severity::kError) << FormatFinding("sim", finding);
  }
  return std::get<Experiment>(object);
}

std::string SimUsers::Create(const std::string& name) {
  const auto created = store_.UserCreate(NewExperiment(name));
  return "create " + name + (created.ok() ? "" : ": " + created.status().message());
}

std::string SimUsers::ChangeBudget(const Experiment& experiment) {
  Experiment changed = experiment;
  ExperimentSpec& spec = changed.spec;
  std::string what;
  switch (random_.Below(3)) {
    case 0:
      spec.parallel_trial_count = static_cast<std::int32_t>(random_.Between(1, 4));
      what = "parallelTrialCount " + std::to_string(*spec.parallel_trial_count);
      break;
    case 1:
      if (spec.max_trial_count)
        *spec.max_trial_count += static_cast<std::int32_t>(random_.Between(-2, 4));
      what = "maxTrialCount " + std::to_string(spec.max_trial_count.value_or(-1));
      break;
    case 2:
      if (random_.OneIn(3)) {
        spec.max_failed_trial_count.reset();
      } else {
        spec.max_failed_trial_count = static_cast<std::int32_t>(random_.Between(1, 6));
      }
      what = "maxFailedTrialCount " + std::to_string(spec.max_failed_trial_count.value_or(-1));
      break;
  }
  what = "change " + experiment.meta.name + ": " + what;
  const Document document = Unplaced(changed);
  if (!IsAllowed(Validate(changed, document)) ||
      !IsAllowed(ValidateUpdate(experiment, changed, document))) {
    return what + " is refused";
  }
  const auto updated = store_.UserUpdate(changed);
  return what + (updated.ok() ? "" : ": " + updated.status().message());
}

// The first value sets the annotation, "" removes it.
template <class T>
std::string SimUsers::Annotate(T object, const std::string& name, const std::string& value) {
  Labels& annotations = object.meta.annotations;
  annotations.erase(name);
  if (!value.empty()) annotations[name] = value;
  const std::string what =
      std::string(T::kKind) + " " + object.meta.name + ": " + name + " \"" + value + "\"";
  const auto updated = store_.UserUpdate(std::move(object));
  return what + (updated.ok() ? "" : ": " + updated.status().message());
}

template <class T>
const T* SimUsers::Any() const {
  std::vector<const T*> all;
  for (const auto& [key, object] : store_.objects()) {
    if (const T* one = std::get_if<T>(object.get())) all.push_back(one);
  }
  return all.empty() ? nullptr : all[random_.Below(all.size())];
}

std::string SimUsers::Wish(Experiment experiment) {
  switch (random_.Below(8)) {
    case 0: return Annotate(std::move(experiment), kCancelAnnotation, "no longer wanted");
    case 1:
      return Annotate(std::move(experiment), kDeadlineAnnotation,
                      std::to_string(random_.Between(1, 60)) + "s");
    case 2: return Annotate(std::move(experiment), kDeadlineAnnotation, "");
    case 3:
      return Annotate(std::move(experiment), kKeepRunningAnnotation,
                      random_.OneIn(2) ? "true" : "");
    default: break;
  }
  const bool suspended = WantsSuspend(experiment.meta);
  return Annotate(std::move(experiment), kSuspendAnnotation, suspended ? "" : "true");
}

std::string SimUsers::WishOfTrial() {
  const Trial* trial = Any<Trial>();
  if (trial == nullptr) return "nothing";
  if (random_.OneIn(2)) return Annotate(*trial, kCancelAnnotation, "looks bad");
  return Annotate(*trial, kDeadlineAnnotation, std::to_string(random_.Between(1, 10)));
}

std::string SimUsers::WishOfJob() {
  const TrainingJob* job = Any<TrainingJob>();
  if (job == nullptr) return "nothing";
  if (random_.OneIn(4)) {
    return Annotate(*job, kDeadlineAnnotation, std::to_string(random_.Between(1, 10)));
  }
  return Annotate(*job, kSuspendAnnotation, WantsSuspend(job->meta) ? "" : "true");
}

void SimUsers::ResumeAll() {
  const Objects objects = store_.objects();
  for (const auto& [key, object] : objects) {
    const auto annotation = MetaOf(*object).annotations.find(kSuspendAnnotation);
    if (annotation == MetaOf(*object).annotations.end()) continue;
    if (annotation->second == kSuspendedByExperiment) continue;  // its reconciler removes it
    Object resumed = *object;
    MetaOf(resumed).annotations.erase(kSuspendAnnotation);
    CHECK(store_.UserUpdate(std::move(resumed)).ok());
  }
}

std::string SimUsers::Act() {
  const std::string name = "e" + std::to_string(random_.Below(kExperimentsMax));
  const auto found = store_.objects().find({Experiment::kKind, "default", name});
  if (found == store_.objects().end()) return Create(name);
  const ObjectPtr object = found->second;
  if (random_.OneIn(10)) return WishOfTrial();
  if (random_.OneIn(8)) return WishOfJob();
  if (random_.OneIn(5)) return Wish(std::get<Experiment>(*object));
  if (random_.OneIn(8)) {
    return "delete " + name + ": " + store_.UserDelete(found->first).ToString();
  }
  return ChangeBudget(std::get<Experiment>(*object));
}

}  // namespace lockstep::sim
