// Jobs of kubeflow.org/v1: what is refused or warned of, where and with which words. What becomes
// of those that are taken is in golden/ and in the recorded cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/convert/convert.h"
#include "operators/convert/pod_labels.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPyTorch[] = R"(apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: a, namespace: lab}
spec:
  nprocPerNode: auto
  runPolicy: {cleanPodPolicy: None}
  pytorchReplicaSpecs:
    Master:
      replicas: 1
      restartPolicy: Never
      template:
        spec:
          containers:
          - {name: pytorch, image: i, command: [train]}
    Worker:
      replicas: 2
      template:
        spec:
          containers:
          - {name: pytorch, image: i, command: [work]}
)";

constexpr char kElastic[] = R"(apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: a, namespace: lab}
spec:
  elasticPolicy: {minReplicas: 1, maxReplicas: 4, rdzvBackend: c10d}
  pytorchReplicaSpecs:
    Worker:
      replicas: 2
      template:
        spec:
          containers:
          - {name: pytorch, image: i, command: [work]}
)";

constexpr char kTf[] = R"(apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {name: a, namespace: lab}
spec:
  successPolicy: ""
  tfReplicaSpecs:
    Worker:
      replicas: 3
      template:
        spec:
          containers:
          - {name: tensorflow, image: i, command: [work]}
)";

using Table = std::vector<std::tuple<std::string, std::string, std::string>>;

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

Converted Convert(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "j.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message() << yaml;
  auto converted = ConvertToTrainingJob(documents->front());
  EXPECT_TRUE(converted.ok()) << converted.status().message();
  return *std::move(converted);
}

std::string Say(const std::string& yaml) {
  std::string lines;
  for (const Finding& finding : Convert(yaml).findings) {
    lines += FormatFinding("j.yaml", finding) + "\n";
  }
  return lines;
}

void ExpectSaid(const std::string& yaml, const Table& table) {
  EXPECT_EQ(Say(yaml), "");
  for (const auto& [from, to, said] : table) {
    EXPECT_THAT(Say(Replaced(yaml, from, to)), HasSubstr(said)) << to;
  }
}

TEST(PyTorchJob, SaysWhatIsWrongWithReplicas) {
  ExpectSaid(
      kPyTorch,
      {{"    Worker:", "    Chief:",
        "j.yaml:15:5: spec.pytorchReplicaSpecs.Chief: \"Chief\" is no type of replica of a "
        "PyTorchJob: use Master or Worker"},
       {"    Worker:", "    worker:", "\"worker\" is no type of replica"},
       {"replicas: 1", "replicas: 2",
        "j.yaml:9:17: spec.pytorchReplicaSpecs.Master.replicas: is 2: the operator takes exactly "
        "one Master"},
       {"replicas: 1\n      ", "", "spec.pytorchReplicaSpecs.Master.replicas: is missing"},
       {"replicas: 2", "replicas: 0",
        "Worker.replicas: is 0: write at least 1, or leave Worker out"},
       {"replicas: 2", "replicas: -1", "Worker.replicas: is -1"},
       {"replicas: 2", "replicas: two", "replicas: expected a number"},
       {"restartPolicy: Never", "restartPolicy: Sometimes",
        "j.yaml:10:22: spec.pytorchReplicaSpecs.Master.restartPolicy: \"Sometimes\" is no restart "
        "policy: use Always, OnFailure, Never or ExitCode"},
       {"restartPolicy: Never", "restartpolicy: Never", "did you mean restartPolicy?"},
       {"name: pytorch, image: i, command: [train]", "name: main, image: i, command: [train]",
        "spec.pytorchReplicaSpecs.Master.template.spec.containers: has no container named "
        "\"pytorch\", which is the program of a rank of a PyTorchJob: rename \"main\""},
       {"- {name: pytorch, image: i, command: [work]}", "[]",
        "Worker.template.spec.containers: is missing: what does a rank run?"},
       {"- {name: pytorch, image: i, command: [work]}",
        "- {name: pytorch, image: i, command: [work]}\n          - {name: side, command: [x]}",
        "j.yaml:21:13: spec.pytorchReplicaSpecs.Worker.template.spec.containers[1].image: is "
        "missing"},
       {"command: [work]", "command: [work], ports: [{name: pytorchjob-port}]",
        "containers[0].ports[0].containerPort: is missing"},
       {"command: [work]", "command: []",
        "j.yaml:20:39: spec.pytorchReplicaSpecs.Worker.template.spec.containers[0].command: is "
        "missing: a rank is a process"},
       {"      template:\n        spec:\n          containers:\n          - {name: pytorch, image: "
        "i, command: [work]}",
        "", "Worker.template: is missing"}});
  EXPECT_THAT(
      Say("{apiVersion: kubeflow.org/v1, kind: PyTorchJob, spec: {pytorchReplicaSpecs: {}}}"),
      HasSubstr("spec.pytorchReplicaSpecs: is empty"));
  EXPECT_THAT(Say("{apiVersion: kubeflow.org/v1, kind: PyTorchJob, spec: {}}"),
              HasSubstr("spec.pytorchReplicaSpecs: is missing"));
  EXPECT_THAT(Say("{apiVersion: kubeflow.org/v1, kind: PyTorchJob}"),
              HasSubstr("spec: is missing"));
  EXPECT_THAT(Say("{apiVersion: kubeflow.org/v1, kind: PyTorchJob, spec: {pytorchReplicaSpecs: "
                  "{Master: null}}}"),
              HasSubstr("spec.pytorchReplicaSpecs.Master: says nothing"));
}

TEST(PyTorchJob, SaysWhatIsWrongWithTheRest) {
  ExpectSaid(kPyTorch,
             {{"name: a", "name: a.b", "j.yaml:3:18: metadata.name: \"a.b\" is part of host names"},
              {"name: a", "name: Abc", "metadata.name: \"Abc\" is part of host names"},
              {"name: a", "name: " + std::string(55, 'a'),
               "the host of a rank would be " + std::string(55, 'a') + "-master-0, of 64"},
              {"auto", "many", "j.yaml:5:17: spec.nprocPerNode: \"many\" is no number of proc"},
              {"auto", "\"0\"", "spec.nprocPerNode: \"0\" is no number"},
              {"auto", "2", "spec.nprocPerNode: expected a string, found the number 2"},
              {"None", "Some", "spec.runPolicy.cleanPodPolicy: \"Some\" is no clean pod policy"},
              {"cleanPodPolicy: None", "ttlSecondsAfterFinished: -1",
               "spec.runPolicy.ttlSecondsAfterFinished: is -1: must be at least 0"},
              {"cleanPodPolicy: None", "activeDeadlineSeconds: 0", "is 0: must be at least 1"},
              {"cleanPodPolicy: None", "backoffLimit: -1", "is -1: must be at least 0"},
              {"cleanPodPolicy: None", "managedBy: me",
               "spec.runPolicy.managedBy: \"me\" is nobody who runs such jobs: use "
               "kubeflow.org/training-operator or kueue.x-k8s.io/multikueue"},
              {"cleanPodPolicy: None", "schedulingPolicy: {queue: q}",
               "warning: spec.runPolicy.schedulingPolicy: has no effect on one machine"},
              {"nprocPerNode", "nprocPerNod", "did you mean nprocPerNode?"},
              {"nprocPerNode: auto", "cleanPodPolicy: None",
               "j.yaml:5:19: spec.cleanPodPolicy: is not read there by any operator: write it as "
               "spec.runPolicy.cleanPodPolicy"},
              {"nprocPerNode: auto", "elasticPolicy: {nProcPerNode: 2}\n  nprocPerNode: auto",
               "spec.elasticPolicy.nProcPerNode: is there beside spec.nprocPerNode"}});
}

TEST(PyTorchJob, SaysWhatIsWrongWithElasticPolicies) {
  ExpectSaid(
      kElastic,
      {{"minReplicas: 1", "minReplicas: 5",
        "spec.elasticPolicy.minReplicas: is 5, and maxReplicas is 4"},
       {"minReplicas: 1", "minReplicas: 0", "is 0: must be at least 1"},
       {"maxReplicas: 4", "maxReplicas: 1", "lets 1 of 2 workers train"},
       {"c10d", "zeus", "spec.elasticPolicy.rdzvBackend: \"zeus\" is no rendezvous backend"},
       {"rdzvBackend: c10d", "rdzvPort: 70000", "70000 is no port"},
       {"rdzvBackend: c10d", "maxRestarts: -1", "maxRestarts: must not be negative"},
       {"rdzvBackend: c10d", "metrics: [{type: Resource}]", "elasticPolicy.metrics: has no effect"},
       {"rdzvBackend: c10d", "nProcPerNode: 2", "is the old name of spec.nprocPerNode"},
       {"    Worker:\n      replicas: 2", "    Master:\n      replicas: 1",
        "spec.pytorchReplicaSpecs.Worker: is missing: spec.elasticPolicy is about the Workers"}});
}

TEST(PyTorchJob, TellsAnElasticJobToMeetWhereItsUserSays) {
  const auto endpoint = [](const std::string& policy) {
    const Converted converted = Convert(Replaced(kElastic, "rdzvBackend: c10d", policy));
    for (const EnvVar& variable :
         converted.job.spec.roles.at(0).pod_template.spec.containers.at(0).env) {
      if (variable.name == "PET_RDZV_ENDPOINT") {
        return variable.value + " " + std::to_string(converted.job.spec.roles[0].port);
      }
    }
    return std::string();
  };
  const std::string own = "${lockstep.host:worker/0}:${lockstep.port:worker/0} ";
  EXPECT_EQ(endpoint("rdzvBackend: c10d"), own + "23456");
  EXPECT_EQ(endpoint("rdzvPort: 29400"), own + "29400");
  EXPECT_EQ(endpoint("rdzvHost: a-worker-0, rdzvPort: 29400"), own + "29400");
  EXPECT_EQ(endpoint("rdzvHost: kv.example.com, rdzvPort: 2379"), "kv.example.com:2379 23456");
  EXPECT_EQ(endpoint("rdzvHost: kv.example.com"), "kv.example.com:23456 23456");
}

TEST(TfJob, SaysWhatIsWrong) {
  ExpectSaid(kTf, {{"\"\"", "Half", "spec.successPolicy: \"Half\" is no success policy"},
                   {"    Worker:\n", "    Boss:\n", "use Chief, Master, Worker, PS or Evaluator"},
                   {"    Worker:\n", "    PS:\n", "has no Chief, Master or Worker"},
                   {"    Worker:\n", "    Chief:\n", "Chief.replicas: is 3: one Chief decides"},
                   {"replicas: 3", "replicas: 0", "Worker.replicas: is 0"},
                   {"name: tensorflow", "name: pytorch", "no container named \"tensorflow\""}});
  const std::string twice =
      Replaced(Replaced(kTf, "    Worker:\n      replicas: 3", "    Worker:"), "  tfReplicaSpecs:",
               "  tfReplicaSpecs:\n    worker: {template: {spec: {containers: [{name: tensorflow, "
               "image: i, command: [x]}]}}}");
  EXPECT_THAT(Say(twice), HasSubstr("is there twice, in other letters"));
}

TEST(TfJob, HasOneChief) {
  std::string both = Replaced(kTf, "    Worker:\n      replicas: 3", "    Chief:");
  both +=
      "    Master: {template: {spec: {containers: [{name: tensorflow, image: i, command: "
      "[x]}]}}}\n";
  EXPECT_THAT(Say(both), HasSubstr("spec.tfReplicaSpecs: has a Chief and a Master"));
}

TEST(XgboostJob, NeedsAMaster) {
  EXPECT_THAT(
      Say("{apiVersion: kubeflow.org/v1, kind: XGBoostJob, spec: {xgbReplicaSpecs: {Worker: "
          "{template: {spec: {containers: [{name: xgboost, image: i, command: [x]}]}}}}}}"),
      HasSubstr("spec.xgbReplicaSpecs.Master: is missing: the master is where the workers meet"));
}

TEST(PodLabels, AreThoseOfTheRanksPod) {
  const TrainingJob job = Convert(kTf).job;
  const Labels first = PodLabels(job, 0);
  EXPECT_EQ(first.at(kJobRoleLabel), "master");
  EXPECT_EQ(first.at(kReplicaIndexLabel), "0");
  const Labels last = PodLabels(job, 2);
  EXPECT_EQ(last, (Labels{{kReplicaTypeLabel, "worker"},
                          {kReplicaIndexLabel, "2"},
                          {kJobNameLabel, "a"},
                          {kOperatorNameLabel, "tfjob-controller"}}));
  EXPECT_EQ(PodLabels(job, 3), Labels{});
  EXPECT_EQ(PodLabels(job, -1), Labels{});
}

TEST(PodLabels, CountRanksThroughTheRoles) {
  const TrainingJob job = Convert(kPyTorch).job;
  EXPECT_EQ(PodLabels(job, 0).at(kJobRoleLabel), "master");
  EXPECT_EQ(PodLabels(job, 2).at(kReplicaTypeLabel), "worker");
  EXPECT_EQ(PodLabels(job, 2).at(kReplicaIndexLabel), "1");
  EXPECT_FALSE(PodLabels(job, 1).contains(kJobRoleLabel));
}

TEST(PodLabels, OfAnIndexedJobHaveTheIndex) {
  const TrainingJob job =
      Convert(
          "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {completionMode: "
          "Indexed, completions: 2, parallelism: 2, template: {spec: {containers: [{name: c, "
          "command: [x]}]}}}}")
          .job;
  EXPECT_EQ(PodLabels(job, 1), (Labels{{kCompletionIndexLabel, "1"},
                                       {"job-name", "a"},
                                       {"batch.kubernetes.io/job-name", "a"}}));
}

}  // namespace
}  // namespace lockstep
