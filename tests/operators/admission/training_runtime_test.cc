// Runtimes as objects: read, checked, kept, and found by the jobs that name them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/store/memory_store.h"
#include "operators/store/runtimes.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

constexpr char kRuntime[] = R"(apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainingRuntime
metadata: {name: own, namespace: lab}
spec:
  mlPolicy: {torch: {}}
  template:
    spec:
      replicatedJobs:
      - name: node
        template:
          metadata: {labels: {trainer.kubeflow.org/trainjob-ancestor-step: trainer}}
          spec: {template: {spec: {containers: [{name: node, image: i, command: [train]}]}}}
)";

constexpr char kExperiment[] = R"(apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: e, namespace: lab}
spec:
  objective: {type: minimize, objectiveMetricName: loss}
  algorithm: {algorithmName: random}
  maxTrialCount: 1
  parallelTrialCount: 1
  maxFailedTrialCount: 1
  parameters:
  - {name: lr, parameterType: double, feasibleSpace: {min: "0.1", max: "0.2"}}
  trialTemplate:
    primaryContainerName: node
    primaryPodLabels: {batch.kubernetes.io/job-completion-index: "0"}
    trialParameters: [{name: lr, reference: lr}]
    trialSpec:
      apiVersion: trainer.kubeflow.org/v1alpha1
      kind: TrainJob
      spec:
        runtimeRef: {name: own, kind: TrainingRuntime}
        trainer: {args: ["--lr=${trialParameters.lr}"]}
)";

struct Read {
  Object object;
  std::string said;
};

Read ReadYaml(const std::string& yaml, const RuntimeLookup& runtimes = {}) {
  const auto documents = ParseYaml(yaml, "r.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  auto decoded = Decode(documents->front());
  EXPECT_TRUE(decoded.ok()) << decoded.status().message();
  SetDefaults(decoded->object);
  Read read{decoded->object, ""};
  for (const Finding& finding :
       WithRules(decoded->findings, Validate(decoded->object, documents->front(), {}, runtimes))) {
    read.said += FormatFinding("r.yaml", finding) + "\n";
  }
  return read;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(TrainingRuntimeObject, IsReadAndChecked) {
  const Read read = ReadYaml(kRuntime);
  EXPECT_EQ(read.said, "");
  EXPECT_EQ(KeyOf(read.object).ToString(), "TrainingRuntime lab/own");
  EXPECT_EQ(*DecodeObject(EncodeObject(read.object)), read.object);
  EXPECT_FALSE(HasState(read.object));
  EXPECT_THAT(ReadYaml(Replaced(kRuntime, "torch: {}", "torch: {}, jax: {}")).said,
              HasSubstr("r.yaml:5:3: spec.mlPolicy: has torch and jax: only one"));
  EXPECT_THAT(ReadYaml(Replaced(kRuntime, "spec:\n  mlPolicy", "other:\n  mlPolicy")).said,
              HasSubstr("spec: is missing"));
}

TEST(TrainingRuntimeObject, OfTheClusterIsInOneNamespace) {
  const Read read =
      ReadYaml(Replaced(kRuntime, "kind: TrainingRuntime", "kind: ClusterTrainingRuntime"));
  EXPECT_EQ(read.said, "");
  EXPECT_EQ(KeyOf(read.object).ToString(), "ClusterTrainingRuntime default/own");
}

TEST(TrainingRuntimeObject, IsFoundInTheStore) {
  const std::unique_ptr<Store> store = MakeMemoryStore();
  ASSERT_TRUE(store->Create(ReadYaml(kRuntime).object).ok());
  const RuntimeLookup runtimes = RuntimesOf(*store);
  const Result<Json> found = runtimes("TrainingRuntime", "lab", "own");
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->at("spec").at("mlPolicy"), Json::parse(R"({"torch": {}})"));
  EXPECT_EQ(runtimes("ClusterTrainingRuntime", "", "own").status().kind(), StatusKind::kNotFound);
  ASSERT_TRUE(store
                  ->Create(ReadYaml(Replaced(kRuntime, "kind: TrainingRuntime",
                                             "kind: ClusterTrainingRuntime"))
                               .object)
                  .ok());
  EXPECT_TRUE(runtimes("ClusterTrainingRuntime", "", "own").ok());
}

TEST(TrainingRuntimeObject, IsWhatTheTrialsOfAnExperimentAreMadeOf) {
  EXPECT_THAT(ReadYaml(kExperiment).said,
              HasSubstr("spec.trialTemplate.trialSpec.spec.runtimeRef: there is no "
                        "TrainingRuntime \"own\""));
  const std::unique_ptr<Store> store = MakeMemoryStore();
  ASSERT_TRUE(store->Create(ReadYaml(kRuntime).object).ok());
  EXPECT_EQ(ReadYaml(kExperiment, RuntimesOf(*store)).said, "");
}

}  // namespace
}  // namespace lockstep
