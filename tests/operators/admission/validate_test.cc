#include "operators/admission/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "operators/api/defaults.h"
#include "tests/operators/admission/manifests.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

TEST(Validate, AcceptsAnExperimentThatCanRun) { EXPECT_EQ(Say(ValidManifest()), ""); }

TEST(Validate, NamesTheFieldThePlaceAndTheReason) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"type: minimize", "type: minimise",
       "e.yaml:8:11: spec.objective.type: \"minimise\" is not a known objective type (did you mean "
       "minimize?): use minimize, maximize"},
      {"maxTrialCount: 12", "maxTrialCount: 2.5", "expected a whole number, found the number 2.5"},
      {"goal: 0.001", "goal: small", "expected a number, found the string \"small\""},
      {"name: m-valid-base", "name: 7", "metadata.name: expected a string, found the number 7"},
      {"min: '0.01'", "min: '0.5'", "0.5 is more than max, 0.05"},
      {"min: '1'", "min: 010", "YAML reads 010 as 8"},
      {"restartPolicy: Never", "volumes: [{name: v, nfs: {}, csi: {driver: d}}]", ".csi: is not"},
      {"--opt=${trialParameters.opt}", "--opt=${trialParameters.opt}${trialParameters.x}",
       "the placeholder ${trialParameters.x} has no entry"},
      {"kind: Experiment", "kind: Experimnt", "did you mean Experiment?"},
      {"maxTrialCount: 12", "earlyStopping: {algorithmName: medianstopp}",
       "spec.earlyStopping.algorithmName: unknown algorithm name medianstopp (did you mean "
       "medianstop?): use medianstop"},
  };
  EXPECT_EQ(Say(Changed("min: '0.01'", "min: 0.010")), "");
  for (const auto& [from, to, said] : table) EXPECT_THAT(Say(Changed(from, to)), HasSubstr(said));
  EXPECT_THAT(Say("just text"), HasSubstr("expected an object"));
}

TEST(Validate, TakesConditionsThatCanBeReadAndSaysWhereOneCannot) {
  const auto with = [](const std::string& condition) {
    return Say(Changed("  trialTemplate:\n",
                       "  trialTemplate:\n    failureCondition: '" + condition + "'\n"));
  };
  EXPECT_EQ(with(R"(status.conditions.#(type=="Failed")#|#(status=="True")#)"), "");
  EXPECT_EQ(with("status.[@this].#(failed>0)"), "");
  EXPECT_THAT(with("status.[@this.#(failed>0)"),
              HasSubstr("spec.trialTemplate.failureCondition: is no GJSON path that can be looked "
                        "up in the job: \"status.[@this.#(failed>0)\" at column 8: the list of "
                        "paths is not closed: write ]"));
  EXPECT_THAT(with("{status.conditions}"), HasSubstr("{...} makes a new object"));
}

// As `kubectl get -o yaml` prints it.
TEST(Validate, AcceptsAnExperimentFetchedFromACluster) {
  const std::string yaml = Changed("  namespace: default\n", R"(  namespace: default
  generateName: m-
  uid: 0b8c
  resourceVersion: "7"
  generation: 2
  creationTimestamp: "2026-01-01T00:00:00Z"
  deletionGracePeriodSeconds: 0
  finalizers: [update-prometheus-metrics]
  selfLink: /apis/x
  managedFields: [{manager: kubectl, fieldsV1: {"f:spec": {}}}]
  ownerReferences:
  - {apiVersion: v1, kind: X, name: x, uid: u, controller: true, blockOwnerDeletion: true}
status:
  lastReconcileTime: null
  startTime: "2026-01-01T00:00:00Z"
  currentOptimalTrial: {bestTrialName: "", observation: {metrics: null}, parameterAssignments: null}
  trials: 1
)");
  EXPECT_EQ(Say(yaml), "");
}

TEST(Validate, AcceptsASuggestionFetchedFromACluster) {
  EXPECT_EQ(Say(R"(apiVersion: kubeflow.org/v1beta1
kind: Suggestion
metadata: {name: s}
spec: {algorithm: {algorithmName: random}, requests: 1, resumePolicy: Never}
status:
  lastReconcileTime: "2026-01-01T00:00:00Z"
  suggestions:
  - name: s-1
    parameterAssignments: [{name: lr, value: "1"}]
    earlyStoppingRules: [{name: loss, value: "1", comparison: less, startStep: 4}]
)"),
            "");
}

TEST(Validate, WantsANameWhereOneIsToBeGenerated) {
  EXPECT_THAT(Say(Changed("name: m-valid-base", "generateName: m-")),
              HasSubstr("metadata.name: is missing: names are not generated from generateName"));
}

TEST(Validate, TellsAllAtOnce) {
  std::string yaml =
      Changed("algorithmName: random",
              "algorithmName: random\n    algorithmSettings: [{name: no, value: 1}]");
  const auto replace = [&](const std::string& from, const std::string& to) {
    yaml.replace(yaml.find(from), from.size(), to);
  };
  replace("type: minimize", "type: least");
  replace("min: '0.01'", "min: '0.5'");
  replace("reference: lr", "reference: ${trialSpec.Labels[no]}");
  replace("restartPolicy: Never", "restartPolicy: Always");
  const std::string said = Say(yaml);
  for (const char* const part :
       {"spec.objective.type", "algorithmSettings[0].name: unknown setting", "0.5 is more than max",
        "spec.trialTemplate.trialParameters[0].reference: \"${trialSpec.Labels[no]}\": the "
        "template",
        "template.spec.restartPolicy: \"Always\" is not allowed"}) {
    EXPECT_THAT(said, HasSubstr(part));
  }
}

constexpr char kTrainingJob[] = R"(apiVersion: lockstep.dev/v1alpha1
kind: TrainingJob
metadata: {name: a}
spec:
  successPolicy: AllRanks
  maxRestarts: 1
  activeDeadlineSeconds: 60
  gracePeriodSeconds: 5
  roles:
  - name: worker
    replicas: 2
    template: {spec: {containers: [{name: main, command: [train]}]}}
)";

TEST(ValidateTrainingJob, AcceptsOneThatCanRun) { EXPECT_EQ(Say(kTrainingJob), ""); }

TEST(ValidateTrainingJob, RefusesByPathAndPlace) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"AllRanks", "AllRank",
       "e.yaml:5:18: spec.successPolicy: \"AllRank\" is not a known success policy (did you mean "
       "AllRanks?): use AllRanks, Rank0"},
      {"maxRestarts: 1", "maxRestarts: -1", "e.yaml:6:16: spec.maxRestarts: must not be negative"},
      {"Seconds: 60", "Seconds: 0", "spec.activeDeadlineSeconds: must be at least 1"},
      {"Seconds: 5", "Seconds: -1", "spec.gracePeriodSeconds: must not be negative"},
      {"replicas: 2", "replicas: 0", "spec.roles[0].replicas: is 0: a role needs at least one"},
      {"name: worker", "name: ''", "spec.roles[0].name: is missing"},
      {"name: worker", "name: a/../../b", "spec.roles[0].name: \"a/../../b\" must not hold a /"},
      {"  roles:\n", "  roles:\n  - {name: worker}\n", "spec.roles[1].name: there is a role"},
      {"command: [train]", "image: x", "containers[0].command: is missing"},
      {"name: main,", "name: main, volumeMounts: [{name: v}],", "there is no volume \"v\""},
      {"name: main,", "name: main, envFrom: [{}],", "containers[0].envFrom[0]: names no source"},
      {"name: main,", "name: main, env: [{name: A, valueFrom: {a: b}}],", "unknown field \"a\""},
      {"{containers", "{volumes: [{name: v, rbd: {image: x}}], containers", "rbd: is not support"},
      {"{containers", "{nodeSelector: {a: b}, containers", "spec.nodeSelector: has no effect"},
      {"name: main,", "name: main, resources: {limits: {cpu: x}},", "\"x\" is no quantity"},
      {"name: a}", "name: A}", "metadata.name: \"A\" is no name"},
  };
  for (const auto& [from, to, said] : table) {
    std::string yaml = kTrainingJob;
    yaml.replace(yaml.find(from), from.size(), to);
    EXPECT_THAT(Say(yaml), HasSubstr(said)) << to;
  }
}

// The one document of `yaml` with its defaults.
Object Read(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "e.yaml");
  Object object = Decode(documents->front())->object;
  SetDefaults(object);
  return object;
}

std::string SayOfUpdate(const Object& before, const Object& after) {
  std::string lines;
  for (const Finding& finding : ValidateUpdate(before, after, Document{})) {
    lines += finding.path + ": " + finding.message + "\n";
  }
  return lines;
}

TEST(ValidateUpdate, LetsTheCountsOfAnExperimentChange) {
  EXPECT_EQ(
      SayOfUpdate(Read(ValidManifest()), Read(Changed("maxTrialCount: 12", "maxTrialCount: 20"))),
      "");
  EXPECT_EQ(SayOfUpdate(Read(ValidManifest()),
                        Read(Changed("parallelTrialCount: 3", "parallelTrialCount: 1"))),
            "");
  EXPECT_THAT(SayOfUpdate(Read(ValidManifest()), Read(Changed("type: minimize", "type: maximize"))),
              HasSubstr("spec.objective.type (\"maximize\", was \"minimize\"): only parallel"));
  Object before = Read(ValidManifest());
  std::get<Experiment>(before).status.trials = 5;
  EXPECT_THAT(SayOfUpdate(before, Read(Changed("maxTrialCount: 12", "maxTrialCount: 5"))),
              HasSubstr("spec.maxTrialCount: 5 is not more than the 5 trials there are"));
}

TEST(ValidateUpdate, LetsAnExperimentGoOnOnlyUnderItsPolicy) {
  const auto ended = [](const std::string& policy, const std::string& type,
                        const std::string& reason) {
    Object object =
        Read(Changed("maxTrialCount: 12", "maxTrialCount: 12\n  resumePolicy: " + policy));
    Condition condition;
    condition.type = type;
    condition.status = "True";
    condition.reason = reason;
    std::get<Experiment>(object).status.conditions = {condition};
    return object;
  };
  const auto raised = [](Object object) {
    std::get<Experiment>(object).spec.max_trial_count = 20;
    return object;
  };
  for (const char* const policy : {"LongRunning", "FromVolume"}) {
    const Object object = ended(policy, "Succeeded", "ExperimentMaxTrialsReached");
    EXPECT_EQ(SayOfUpdate(object, raised(object)), "") << policy;
  }
  for (const Object& object : {ended("Never", "Succeeded", "ExperimentMaxTrialsReached"),
                               ended("LongRunning", "Succeeded", "ExperimentGoalReached"),
                               ended("LongRunning", "Failed", "ExperimentFailed")}) {
    EXPECT_THAT(SayOfUpdate(object, raised(object)), HasSubstr("the Experiment has ended"));
    EXPECT_EQ(SayOfUpdate(object, object), "");  // applied again, unchanged
  }
}

TEST(ValidateUpdate, LetsNoJobChange) {
  const Object before = Read(kTrainingJob);
  Object after = before;
  EXPECT_EQ(SayOfUpdate(before, after), "");
  std::get<TrainingJob>(after).spec.max_restarts = 2;
  EXPECT_THAT(SayOfUpdate(before, after),
              HasSubstr("spec.maxRestarts (2, was 1): only suspend and ttlSecondsAfterFinished"));
  std::get<TrainingJob>(after).meta.name = "b";
  EXPECT_THAT(SayOfUpdate(before, after), HasSubstr("metadata.name: the kind, namespace and name"));
}

// Whatever the manifest: an answer.
TEST(Validate, AnswersWhateverTheManifest) {
  constexpr unsigned kSeed = 11;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const std::vector<std::string> pieces = {
      "null", "[]", "{}", "-1", "'x'", "[[1]]", "1e300", "", "${trialSpec.Labels[a/b]}", "true"};
  const std::string valid = ValidManifest();
  for (int round = 0; round < 1500; ++round) {
    std::string yaml = valid;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      const std::size_t colon = yaml.find(": ", random() % yaml.size());
      if (colon == std::string::npos) continue;
      const std::size_t end = yaml.find('\n', colon);
      yaml.replace(colon + 2, end - colon - 2, pieces[random() % pieces.size()]);
    }
    (void)Say(yaml);
  }
}

}  // namespace
}  // namespace lockstep
