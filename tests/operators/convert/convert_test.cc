// A user's job manifest -> TrainingJob: what is taken, what is refused, where and with which words.
#include "operators/convert/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/convert/quantity.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

constexpr char kJob[] = R"(apiVersion: batch/v1
kind: Job
metadata: {name: a, creationTimestamp: null}
spec:
  parallelism: 2
  completions: 2
  completionMode: Indexed
  template:
    metadata: {labels: {l: "1"}, name: x}
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 5
      tolerations: [{operator: Exists}]
      initContainers: [{name: i, command: [prepare]}]
      containers:
      - name: main
        image: img
        command: [train, --lr]
        args: ["0.1"]
        tty: false
        volumeMounts: []
        workingDir: /w
        env: [{name: A, value: "1"}]
        resources: {limits: {cpu: 500m}}
)";

constexpr char kTrainingJob[] = R"(apiVersion: lockstep.dev/v1alpha1
kind: TrainingJob
metadata: {name: a}
spec:
  maxRestarts: 1
  roles:
  - name: worker
    replicas: 2
    template:
      spec:
        containers:
        - name: main
          command: [train]
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// What a user would read, one line a finding.
std::string Say(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "j.yaml");
  if (!documents.ok()) return documents.status().message();
  const auto converted = ConvertToTrainingJob(documents->front());
  if (!converted.ok()) return converted.status().message();
  std::string lines;
  for (const Finding& finding : converted->findings)
    lines += FormatFinding("j.yaml", finding) + "\n";
  return lines;
}

std::string Encoded(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "j.yaml");
  const auto converted = ConvertToTrainingJob(documents->front());
  return ToYaml(EncodeObject(converted->job));
}

TEST(ConvertJob, MakesTheRanksOfOneRole) {
  EXPECT_EQ(Say(kJob), "");
  EXPECT_EQ(Encoded(kJob), R"(apiVersion: lockstep.dev/v1alpha1
kind: TrainingJob
metadata:
  name: a
spec:
  gracePeriodSeconds: 5
  maxRestarts: 6
  roles:
  - name: worker
    replicas: 2
    template:
      metadata:
        labels:
          l: "1"
      spec:
        containers:
        - args:
          - "0.1"
          command:
          - train
          - '--lr'
          env:
          - name: A
            value: "1"
          image: img
          name: main
          resources:
            limits:
              cpu: 500m
          workingDir: /w
        initContainers:
        - command:
          - prepare
          name: i
        restartPolicy: Never
  successPolicy: AllRanks
)");
}

TEST(ConvertJob, TakesWhatTheJobSaysOfTries) {
  const std::string job = Replaced(
      kJob, "completionMode: Indexed",
      "backoffLimit: 0\n  activeDeadlineSeconds: 9007199254740993\n  completionMode: NonIndexed");
  EXPECT_EQ(Say(job), "");
  EXPECT_THAT(Encoded(job), HasSubstr("activeDeadlineSeconds: 9007199254740993"));
  EXPECT_THAT(Encoded(job), ::testing::Not(HasSubstr("maxRestarts")));  // 0
}

TEST(ConvertJob, RefusesByPathAndPlace) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"completions: 2", "completions: 3",
       "j.yaml:6:16: spec.completions: is not supported yet: 3"},
      {"parallelism: 2", "parallelism: 0", "j.yaml:5:16: spec.parallelism: 0 does not fit"},
      {"completionMode: Indexed", "completionMode: X", "\"X\" is no completion mode"},
      {"completionMode: Indexed", "suspend: true", "spec.suspend: is not supported yet"},
      {"completionMode: Indexed", "paralelism: 2", "did you mean parallelism?"},
      {"restartPolicy: Never", "restartPolicy: Always",
       "j.yaml:11:22: spec.template.spec.restartPolicy: \"Always\" is not allowed for a job"},
      {"tty: false", "tty: true", "spec.template.spec.containers[0].tty: is not supported yet"},
      {"volumeMounts: []", "volumeMounts: [{name: v}]", "sees this machine's files"},
      {"volumeMounts: []", "envFrom: [{secretRef: {name: s}}]", "each variable under env"},
      {"value: \"1\"}]", "valueFrom: {fieldRef: {}}}]",
       "spec.template.spec.containers[0].env[0].valueFrom: is not supported yet: write the value"},
      {"value: \"1\"}]", "value: 1}]", "write it in quotes, \"1\""},
      {"name: A,", "name: A=B,", "containers[0].env[0].name: \"A=B\" is no name of a variable"},
      {"tolerations: [{operator: Exists}]", "nodeSelector: {a: b}",
       "j.yaml:13:7: spec.template.spec.nodeSelector: is not supported yet: ranks run on this"},
      {"tolerations: [{operator: Exists}]", "volumes: [{name: v}]", "spec.volumes: is not support"},
      {"command: [train, --lr]", "imagePullPolicy: Never", "containers[0].command: is missing"},
      {"command: [prepare]", "image: x", "initContainers[0].command: is missing"},
      {"cpu: 500m", "cpu: abc", "resources.limits.cpu: \"abc\" is no quantity"},
      {"limits:", "limit:", "resources.limit: unknown field \"limit\" (did you mean limits?)"},
      {"- name: main", "- {name: side, command: [x]}\n      - name: main", "has 2 containers"},
  };
  for (const auto& [from, to, said] : table) {
    EXPECT_THAT(Say(Replaced(kJob, from, to)), HasSubstr(said)) << to;
  }
  EXPECT_THAT(Say("{apiVersion: batch/v1, kind: Job, spec: {}}"),
              HasSubstr("template: is missing"));
  EXPECT_THAT(Say("{apiVersion: batch/v1, kind: Job}"), HasSubstr("spec: is missing"));
}

TEST(ConvertJob, TellsAllAtOnceAndNothingTwice) {
  const std::string said =
      Say(Replaced(Replaced(kJob, "restartPolicy: Never", "restartPolicy: Always"),
                   "command: [train, --lr]", "command: train"));
  EXPECT_THAT(said, HasSubstr("restartPolicy"));
  EXPECT_THAT(said, HasSubstr("command: expected a list"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("command: is missing")));
}

TEST(ConvertTrainingJob, IsItself) {
  EXPECT_EQ(Say(kTrainingJob), "");
  EXPECT_EQ(Encoded(kTrainingJob), R"(apiVersion: lockstep.dev/v1alpha1
kind: TrainingJob
metadata:
  name: a
spec:
  maxRestarts: 1
  roles:
  - name: worker
    replicas: 2
    template:
      spec:
        containers:
        - command:
          - train
          name: main
)");
}

TEST(ConvertTrainingJob, RefusesByPathAndPlace) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"replicas: 2", "replicas: 0", "j.yaml:8:15: spec.roles[0].replicas: is 0"},
      {"command: [train]", "volumeMounts: [{name: v}]", "containers[0].volumeMounts: is not supp"},
      {"command: [train]", "comand: [train]", "did you mean command?"},
      {"containers:", "nodeSelector: {a: b}\n        containers:",
       "nodeSelector: is not supported"},
      {"containers:", "terminationGracePeriodSeconds: 5\n        containers:",
       "write spec.gracePeriodSeconds"},
      {"command: [train]", "resources: {requests: {cpu: -1}}", "-1 is no quantity"},
      {"- name: worker", "- name: worker\n    volumes: [{name: v}]", "unknown field \"volumes\""},
  };
  for (const auto& [from, to, said] : table) {
    EXPECT_THAT(Say(Replaced(kTrainingJob, from, to)), HasSubstr(said)) << to;
  }
  EXPECT_THAT(Say("{apiVersion: lockstep.dev/v1alpha1, kind: TrainingJob, spec: {}}"),
              HasSubstr("spec.roles: is missing"));
}

TEST(ConvertToTrainingJob, NamesTheKindsItKnows) {
  EXPECT_EQ(Say("{apiVersion: kubeflow.org/v1, kind: TFJob}"),
            "\"kubeflow.org/v1 TFJob\" is not a kind of job that this version runs: use batch/v1 "
            "Job, lockstep.dev/v1alpha1 TrainingJob");
}

TEST(Quantity, IsWhatKubernetesTakes) {
  for (const char* const text : {"2", "500m", "1.5Gi", "1e3", "1E-3", ".5", "5.", "+1k", "0"}) {
    EXPECT_TRUE(IsQuantity(text)) << text;
  }
  for (const char* const text : {"", "abc", "1 Gi", "-1", "1gi", "1Kib", ".", "1e", "1.2.3"}) {
    EXPECT_FALSE(IsQuantity(text)) << text;
  }
  EXPECT_TRUE(IsQuantity(2));
  EXPECT_FALSE(IsQuantity(-0.5));
  EXPECT_FALSE(IsQuantity(nullptr));
}

}  // namespace
}  // namespace lockstep
