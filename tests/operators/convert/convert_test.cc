// A user's job manifest -> TrainingJob: what is taken, what is refused, where and with which words.
#include "operators/convert/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "operators/convert/kubernetes_fields.h"
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
      enableServiceLinks: true
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
  auto converted = ConvertToTrainingJob(documents->front());
  converted->job.spec.source = nullptr;  // the manifest itself
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
        annotations:
          batch.kubernetes.io/job-completion-index: ${lockstep.index}
        labels:
          batch.kubernetes.io/job-completion-index: ${lockstep.index}
          batch.kubernetes.io/job-name: a
          job-name: a
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
          - name: JOB_COMPLETION_INDEX
            value: ${lockstep.index}
          image: img
          name: main
          resources:
            limits:
              cpu: 500m
          workingDir: /w
        initContainers:
        - command:
          - prepare
          env:
          - name: JOB_COMPLETION_INDEX
            value: ${lockstep.index}
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
  EXPECT_THAT(Encoded(job), ::testing::Not(HasSubstr("maxRestarts")));           // 0
  EXPECT_THAT(Encoded(job), ::testing::Not(HasSubstr("JOB_COMPLETION_INDEX")));  // NonIndexed
}

TEST(ConvertJob, RunsNoMoreThanItsCompletions) {
  EXPECT_THAT(Encoded(Replaced(kJob, "parallelism: 2", "parallelism: 5")),
              HasSubstr("replicas: 2"));
}

TEST(ConvertJob, KeepsTheUsersOwnIndex) {
  const std::string job =
      Encoded(Replaced(kJob, "{name: A, value", "{name: JOB_COMPLETION_INDEX, value"));
  EXPECT_THAT(job,
              HasSubstr("- name: JOB_COMPLETION_INDEX\n            value: \"1\"\n          im"));
}

TEST(ConvertJob, TakesWhatTheJobSaysOfRest) {
  const std::string job =
      Replaced(kJob, "completionMode: Indexed",
               "suspend: true\n  ttlSecondsAfterFinished: 0\n  managedBy: example.com/queue");
  EXPECT_EQ(Say(job), "");
  for (const char* kept : {"suspend: true", "ttlSecondsAfterFinished: 0", "example.com/queue"}) {
    EXPECT_THAT(Encoded(job), HasSubstr(kept));
  }
}

TEST(ConvertJob, WarnsOfWhatHasNoEffect) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"tty: false", "tty: true",
       "j.yaml:20:14: warning: spec.template.spec.containers[0].tty: has no effect on one machine"},
      {"tty: false", "livenessProbe: {exec: {command: [a]}}", "warning: spec.template.spec.cont"},
      {"enableServiceLinks: true", "nodeSelector: {a: b}",
       "j.yaml:13:7: warning: spec.template.spec.nodeSelector: has no effect on one machine: "
       "ranks"},
      {"enableServiceLinks: true", "securityContext: {runAsUser: 1}", "the user who runs the oper"},
      {"enableServiceLinks: true", "hostNetwork: true", "which has this machine's network"},
      {"completionMode: Indexed", "podReplacementPolicy: Failed", "before all ranks have ended"},
      {"- name: main", "- name: main\n        command: [x]\n      - name: side",
       "spec.template.spec.containers[1].command: is missing, so the container is left out"},
  };
  for (const auto& [from, to, said] : table) {
    std::string job = Replaced(kJob, from, to);
    if (to.find("side") != std::string::npos) job = Replaced(job, "command: [train, --lr]", "");
    const std::string lines = Say(job);
    EXPECT_THAT(lines, HasSubstr(said)) << to;
    EXPECT_EQ(std::ranges::count(lines, '\n'), 1) << lines;
  }
}

TEST(ConvertJob, RefusesByPathAndPlace) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"completions: 2", "completions: 3",
       "j.yaml:6:16: spec.completions: is not supported yet: 3"},
      {"parallelism: 2", "parallelism: 0", "j.yaml:5:16: spec.parallelism: 0 does not fit"},
      {"completionMode: Indexed", "completionMode: X", "\"X\" is no completion mode"},
      {"completionMode: Indexed", "suspend: 1", "spec.suspend: expected true or false"},
      {"completionMode: Indexed", "podFailurePolicy: {rules: [a]}", "is what backoffLimit says"},
      {"completionMode: Indexed", "successPolicy: {rules: [a]}", "ends well when all its ranks do"},
      {"completionMode: Indexed", "backoffLimitPerIndex: 1", "started again all together"},
      {"completionMode: Indexed", "paralelism: 2", "did you mean parallelism?"},
      {"restartPolicy: Never", "restartPolicy: Always",
       "j.yaml:11:22: spec.template.spec.restartPolicy: \"Always\" is not allowed for a job"},
      {"tty: false", "lifecycle: {preStop: {exec: {}}}", "lifecycle: is not supported yet"},
      {"tty: false", "ports: [{containerPort: 70000}]", "containerPort: 70000 is no port"},
      {"value: \"1\"}]", "value: 1}]", "write it in quotes, \"1\""},
      {"name: A,", "name: A=B,", "containers[0].env[0].name: \"A=B\" is no name of a variable"},
      {"enableServiceLinks: true", "hostAliases: [{ip: 1.2.3.4}]",
       "j.yaml:13:7: spec.template.spec.hostAliases: is not supported yet: this version"},
      {"command: [train, --lr]", "imagePullPolicy: Never", "containers[0].command: is missing"},
      {"command: [prepare]", "image: x", "initContainers[0].command: is missing"},
      {"cpu: 500m", "cpu: abc", "resources.limits.cpu: \"abc\" is no quantity"},
      {"limits:", "limit:", "resources.limit: unknown field \"limit\" (did you mean limits?)"},
      {"- name: main", "- {name: main, command: [x]}\n      - name: main",
       "containers[1].name: \"main\" is there twice"},
      {"- name: main", "- {name: main, command: [x]}\n      - name: A B",
       "containers[1].name: \"A B\" is no name"},
  };
  for (const auto& [from, to, said] : table) {
    EXPECT_THAT(Say(Replaced(kJob, from, to)), HasSubstr(said)) << to;
  }
  EXPECT_THAT(Say("{apiVersion: batch/v1, kind: Job, spec: {}}"),
              HasSubstr("template: is missing"));
  EXPECT_THAT(Say("{apiVersion: batch/v1, kind: Job}"), HasSubstr("spec: is missing"));
}

// No process is made from these; they are there for a cluster, which would refuse them.
TEST(ConvertJob, FieldsThatAreMisspeltWhereNothingIsRunAreToldToo) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"enableServiceLinks: true", "tolerations: [{oprator: Exists}]",
       "spec.template.spec.tolerations[0].oprator: unknown field \"oprator\" (did you mean "
       "operator?)"},
      {"tty: false", "livenessProbe: {httpGet: {pth: /, port: 1}}",
       "containers[0].livenessProbe.httpGet.pth: unknown field \"pth\" (did you mean path?)"},
      {"tty: false", "ports: [{containerport: 1}]",
       "containers[0].ports[0].containerport: unknown field \"containerport\" (did you mean "
       "containerPort?)"},
      {"completionMode: Indexed", "podFailurePolicy: {rules: [{action: Ignore, onExitCode: {}}]}",
       "spec.podFailurePolicy.rules[0].onExitCode: unknown field \"onExitCode\" (did you mean "
       "onExitCodes?)"},
      {"enableServiceLinks: true",
       "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
       "{nodeSelectorTerms: [{matchExpresions: []}]}}}",
       "(did you mean matchExpressions?)"},
  };
  for (const auto& [from, to, said] : table) {
    EXPECT_THAT(Say(Replaced(kJob, from, to)), HasSubstr(said)) << to;
  }
  EXPECT_THAT(Say(Replaced(kJob, "enableServiceLinks: true",
                           "tolerations: [{key: k, operator: Equal, value: v, effect: NoExecute, "
                           "tolerationSeconds: 3}]")),
              testing::Not(HasSubstr("unknown")));
  const std::string once = Say(Replaced(kJob, "restartPolicy: Never", "restartPolcy: Never"));
  EXPECT_EQ(once.find("unknown field"), once.rfind("unknown field")) << once;
}

// Kinds that this version does not run have pods as well.
TEST(KubernetesFields, AreThoseOfThePodsOfEveryKind) {
  const Json pytorch = Json::parse(R"({"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob",
    "spec": {"anything": 1, "pytorchReplicaSpecs": {"Worker": {"replicas": 2, "template":
      {"spec": {"containers": [{"name": "w", "comand": ["x"], "env": [{"nam": "A"}],
                                "resources": {"limit": {"cpu": 1}}}],
                "restartPolcy": "Never"}}}}}})");
  FindingList findings(nullptr);
  CheckKubernetesFields(pytorch, findings);
  std::vector<std::string> meant;
  for (const Finding& finding : findings.findings()) meant.push_back(finding.meant_path);
  const std::string pod = "spec.pytorchReplicaSpecs.Worker.template.spec.";
  EXPECT_THAT(meant, ::testing::UnorderedElementsAre(
                         pod + "containers[0].command", pod + "containers[0].env[0].name",
                         pod + "containers[0].resources.limits", pod + "restartPolicy"));
  for (const char* const odd : {"[]", "{}", R"({"spec": 1})", R"({"spec": {"roles": {}}})",
                                R"({"spec": {"tfReplicaSpecs": {"PS": 1}}})"}) {
    FindingList none(nullptr);
    CheckKubernetesFields(Json::parse(odd), none);
    EXPECT_TRUE(none.findings().empty()) << odd;
  }
}

// One that takes all it can from the pod, for the table below.
constexpr char kRichPod[] = R"(apiVersion: batch/v1
kind: Job
metadata: {name: a}
spec:
  template:
    spec:
      restartPolicy: Never
      volumes:
      - {name: scratch, emptyDir: {medium: Memory, sizeLimit: 1Gi}}
      - {name: data, hostPath: {path: /data, type: Directory}}
      - {name: conf, configMap: {name: c, defaultMode: 0400, items: [{key: k, path: a/b}]}}
      - {name: kept, persistentVolumeClaim: {claimName: mine}}
      - {name: plain}
      initContainers:
      - {name: beside, restartPolicy: Always, command: [watch]}
      containers:
      - name: main
        command: [train]
        volumeMounts:
        - {name: scratch, mountPath: /var/log/katib}
        - {name: conf, mountPath: /etc/c.yaml, subPath: a/b, readOnly: true}
        envFrom:
        - {prefix: P_, configMapRef: {name: c, optional: true}}
        env:
        - {name: NAME, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}}
        - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['a.b/c']"}}}
        - {name: KEY, valueFrom: {configMapKeyRef: {name: c, key: k}}}
)";

TEST(ConvertJob, TakesVolumesSourcesAndSidecars) {
  EXPECT_EQ(Say(kRichPod), "");
  const std::string encoded = Encoded(kRichPod);
  for (const char* kept : {"claimName: mine", "subPath: a/b", "defaultMode: 256", "prefix: P_",
                           "emptyDir:", "fieldPath: metadata.labels['a.b/c']",
                           "restartPolicy: Always", "type: Directory"}) {
    EXPECT_THAT(encoded, HasSubstr(kept));
  }
}

TEST(ConvertJob, SaysWhatIsWrongWithVolumesSourcesAndSidecars) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"{name: plain}", "{name: scratch}", "spec.volumes[4].name: \"scratch\" is there twice"},
      {"{name: plain}", "{name: ../x}", "volumes[4].name: \"../x\" is no name"},
      {"{name: plain}", "{name: s, secret: {secretName: a/b}}", "secretName: \"a/b\" is no name"},
      {"{name: plain}", "{name: s, secret: {secretName: x, items: [{key: k}]}}",
       "volumes[4].secret.items[0].path: is missing"},
      {"{name: plain}", "{name: s, nfs: {server: x}}", "name the path as hostPath"},
      {"{name: plain}", "{name: s, hostPth: {path: /x}}", "did you mean hostPath?"},
      {"{name: plain}", "{name: s, emptyDir: {}, hostPath: {path: /x}}", "has 2 sources"},
      {"path: /data,", "path: data,", "volumes[1].hostPath.path: \"data\" must be absolute"},
      {"type: Directory", "type: Folder", "use DirectoryOrCreate, Directory, FileOrCreate"},
      {"path: a/b}", "path: ../b}", "items[0].path: \"../b\" must not leave the volume"},
      {"0400", "01000", "defaultMode: 512 is no mode"},
      {"claimName: mine", "claimName: a/b", "claimName: \"a/b\" is no name"},
      {"subPath: a/b", "subPath: /a", "subPath: \"/a\" must be relative"},
      {"name: scratch, mountPath", "name: scrath, mountPath", "there is no volume \"scrath\""},
      {"mountPath: /var/log/katib", "mountPath: katib", "\"katib\" must be absolute"},
      {"mountPath: /var/log/katib", "mountPath: /", "nothing can be mounted there"},
      {"mountPath: /var/log/katib", "mountPath: /etc/c.yaml", "volumeMounts[1].mountPath: \"/etc"},
      {"metadata.name", "metadata.nam", "env[0].valueFrom.fieldRef.fieldPath: \"metadata.nam\""},
      {"KEY, valueFrom", "KEY, value: x, valueFrom", "env[2].valueFrom: is there beside value"},
      {"{configMapKeyRef: {name: c, key: k}}", "{}", "env[2].valueFrom: names no source"},
      {"{configMapKeyRef:", "{fieldRef: {fieldPath: metadata.uid}, configMapKeyRef:",
       "has 2 sources"},
      {"{configMapKeyRef:", "{secretKeyRef: {name: s}, configMapKeyRef:",
       "secretKeyRef.key: is missing"},
      {"name: c, key: k}}", "name: c}}", "configMapKeyRef.key: is missing"},
      {"configMapRef:", "secretRef: {name: s}, configMapRef:", "envFrom[0]: has two sources"},
      {"restartPolicy: Always", "restartPolicy: Never", "\"Never\" is not known: use Always"},
      {"{name: beside,", "{name: A B,", "initContainers[0].name: \"A B\" is no name"},
      {"- name: main", "- name: main\n        restartPolicy: Always", "only for initContainers"},
  };
  for (const auto& [from, to, said] : table) {
    EXPECT_THAT(Say(Replaced(kRichPod, from, to)), HasSubstr(said)) << to;
  }
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
      {"command: [train]", "command: [train]\n          volumeMounts: [{name: v, mountPath: /v}]",
       "spec.roles[0].template.spec.containers[0].volumeMounts[0].name: there is no volume"},
      {"command: [train]", "comand: [train]", "did you mean command?"},
      {"containers:", "nodeSelector: {a: b}\n        containers:", "nodeSelector: has no effect"},
      {"command: [train]", "command: [train]\n        - {name: side}",
       "spec.roles[0].template.spec.containers[1].command: is missing"},
      {"containers:", "volumes: [{name: v, inlineFiles: [{path: /a}]}]\n        containers:",
       "inlineFiles[0].path: \"/a\" must be relative"},
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
  const std::string said = Say("{apiVersion: kubeflow.org/v1, kind: MXJob}");
  EXPECT_THAT(said, HasSubstr("\"kubeflow.org/v1 MXJob\" is not a kind of job that this version "
                              "runs: use batch/v1 Job, "));
  EXPECT_THAT(said, HasSubstr("kubeflow.org/v1 TFJob, "));
}

TEST(ConvertToTrainingJob, KeepsTheManifestOfOtherKinds) {
  const auto documents = ParseYaml(kJob, "j.yaml");
  EXPECT_EQ(ConvertToTrainingJob(documents->front())->job.spec.source, documents->front().value);
  const auto native = ParseYaml(kTrainingJob, "j.yaml");
  EXPECT_TRUE(ConvertToTrainingJob(native->front())->job.spec.source.is_null());
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
