// TrainJobs and their runtimes: what is refused or warned of, where and with which words. What
// becomes of those that are taken is in golden/ and in the recorded cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/convert/convert.h"
#include "operators/convert/quantity.h"
#include "operators/convert/runtime_template.h"
#include "operators/convert/shipped_runtimes.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

constexpr char kJob[] = R"(apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata: {name: a, namespace: ns}
spec:
  runtimeRef: {name: torch-distributed}
  trainer:
    command: [torchrun]
    numNodes: 2
)";

constexpr char kRuntime[] = R"(apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainingRuntime
metadata: {name: own, namespace: ns}
spec:
  mlPolicy: {numNodes: 1, torch: {}}
  template:
    spec:
      failurePolicy: {maxRestarts: 0}
      replicatedJobs:
      - name: node
        template:
          metadata: {labels: {trainer.kubeflow.org/trainjob-ancestor-step: trainer}}
          spec:
            backoffLimit: 0
            template: {spec: {containers: [{name: node, image: i, command: [train]}]}}
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

Document Parsed(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "j.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  return documents->front();
}

std::string Lines(const std::vector<Finding>& findings) {
  std::string lines;
  for (const Finding& finding : findings) lines += FormatFinding("j.yaml", finding) + "\n";
  return lines;
}

Converted ConvertYaml(const std::string& yaml, const RuntimeLookup& runtimes = {}) {
  auto converted = ConvertToTrainingJob(Parsed(yaml), runtimes);
  EXPECT_TRUE(converted.ok()) << converted.status().message();
  return std::move(*converted);
}

std::string Say(const std::string& yaml) { return Lines(ConvertYaml(yaml).findings); }

// A job of the runtime `own`.
Converted ConvertWith(const std::string& runtime, const std::string& job = kJob) {
  return ConvertYaml(Replaced(job, "name: torch-distributed", "name: own, kind: TrainingRuntime"),
                     [&](const std::string& kind, const std::string& namespace_,
                         const std::string& name) -> Result<Json> {
                       EXPECT_EQ(kind + " " + namespace_ + "/" + name, "TrainingRuntime ns/own");
                       return Parsed(runtime).value;
                     });
}

std::string SayOfRuntime(const std::string& yaml) {
  const Document document = Parsed(yaml);
  FindingList findings(&document);
  ReadRuntimeTemplate(document.value, findings);
  return Lines(findings.Take());
}

std::string Variable(const TrainingJob& job, const std::string& name) {
  for (const EnvVar& variable : job.spec.roles.at(0).pod_template.spec.containers.at(0).env) {
    if (variable.name == name) return variable.value;
  }
  return "none";
}

TEST(TrainJob, RefusesWhatItsWebhookDoesAndWhatHangs) {
  EXPECT_EQ(Say(kJob), "");
  struct Row {
    const char* from;
    const char* to;
    const char* said;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"numNodes: 2", "numNodes: 0",
            "j.yaml:8:15: spec.trainer.numNodes: is 0: Kubeflow Trainer calls such a job Complete"},
           {"numNodes: 2", "numProcPerNode: -2",
            "spec.trainer.numProcPerNode: is -2: Kubeflow Trainer takes it, and its ranks then "
            "wait"},
           {"numNodes: 2", "numProcPerNode: many", "must be a whole number, auto, cpu or gpu"},
           {"numNodes: 2", "env: [{name: PET_NNODES, value: \"1\"}]",
            "j.yaml:8:18: spec.trainer.env[0].name: \"PET_NNODES\" is set by the runtime: leave "
            "it out"},
           {"numNodes: 2", "env: [{name: A}, {name: A}]",
            "spec.trainer.env[1]: \"A\" is there twice"},
           {"name: a,", "name: a.b,", "metadata.name: \"a.b\" would not resolve"},
           {"name: a,", "name: a23456789-123456789-123456789-123456789-123456789-123456,",
            "metadata.name: the host name \"a23456789"},
           {"  trainer:", "  activeDeadlineSeconds: 0\n  trainer:",
            "spec.activeDeadlineSeconds: is 0: must be at least 1"},
           {"  trainer:", "  managedBy: me\n  trainer:",
            "spec.managedBy: \"me\" is nobody who runs such jobs: use trainer.kubeflow.org/"},
           {"  trainer:", "  initializer: {dataset: {storageUri: \"hf://a/b\"}}\n  trainer:",
            "spec.initializer.dataset: the runtime \"torch-distributed\" has no step "
            "dataset-initializer"},
           {"command: [torchrun]", "args: [fit.py]",
            "spec.trainer.command: is missing: a rank is a process"},
           {"torch-distributed", "none",
            "spec.runtimeRef: there is no ClusterTrainingRuntime \"none\": apply it before the "
            "TrainJob or in the same file, or use one of deepspeed-distributed, jax-distributed, "
            "torch-distributed, xgboost-distributed"},
           {"torch-distributed", "torch-distributed, kind: TrainingRuntime",
            "spec.runtimeRef: there is no TrainingRuntime \"torch-distributed\""},
           {"torch-distributed", "torch-distributed, kind: Runtime",
            "spec.runtimeRef.kind: \"Runtime\" is not known"},
           {"numNodes: 2", "numNode: 2", "spec.trainer.numNode: "}}) {
    EXPECT_THAT(Say(Replaced(kJob, row.from, row.to)), HasSubstr(row.said)) << row.to;
  }
}

TEST(TrainJob, RefusesPatchesThatReachWhatTheyMayNot) {
  const auto patched = [](const std::string& manager, const std::string& step,
                          const std::string& container) {
    return Say(Replaced(
        kJob, "  trainer:",
        "  runtimePatches:\n  - manager: " + manager +
            "\n    trainingRuntimeSpec: {template: {spec: {replicatedJobs: [{name: " + step +
            ", template: {spec: {template: {spec: {containers: [" + container +
            "]}}}}}]}}}\n  trainer:"));
  };
  EXPECT_EQ(patched("a.b/c", "node", "{name: node, volumeMounts: []}"), "");
  EXPECT_THAT(patched("me", "node", "{name: node}"),
              HasSubstr("spec.runtimePatches[0].manager: \"me\" must be a domain and a path"));
  EXPECT_THAT(patched("a.b/c", "other", "{name: node}"),
              HasSubstr("replicatedJobs[0].name: \"other\" is no step of the runtime"));
  EXPECT_THAT(patched("a.b/c", "node", "{name: x}"),
              HasSubstr("containers[0].name: \"x\" is no container of the runtime's step"));
  EXPECT_THAT(patched("a.b/c", "node", "{name: node, env: [{name: A}]}"),
              HasSubstr("containers[0].env: must not be given for the containers"));
  EXPECT_THAT(patched("a.b/c", "node", "{name: node, image: other}"),
              HasSubstr("containers[0].image: "));
}

TEST(TrainJob, ResolvesTheProcessesOfANode) {
  const auto processes = [](const std::string& field) {
    return Variable(ConvertYaml(Replaced(kJob, "numNodes: 2", field)).job, "PET_NPROC_PER_NODE");
  };
  EXPECT_EQ(processes("numNodes: 2"), "1");
  EXPECT_EQ(processes("resourcesPerNode: {limits: {cpu: 4}}"), "4");
  EXPECT_EQ(processes("resourcesPerNode: {limits: {cpu: \"2.5\"}}"), "3");
  EXPECT_EQ(processes("resourcesPerNode: {limits: {cpu: 2500m}}"), "3");
  EXPECT_EQ(processes("resourcesPerNode: {limits: {cpu: 700m}}"), "1");
  EXPECT_EQ(processes("resourcesPerNode: {requests: {cpu: 3}}"), "3");
  EXPECT_EQ(processes("resourcesPerNode: {limits: {example.com/gpu: 2, cpu: 8}}"), "auto");
  EXPECT_EQ(processes("numProcPerNode: 3"), "3");
  EXPECT_EQ(processes("numProcPerNode: cpu\n    resourcesPerNode: {limits: {cpu: 3700m}}"), "4");
}

// Runtimes of Kubeflow Trainer before 2.3, which is how most are written, say it themselves.
TEST(TrainJob, TakesTheProcessesOfANodeFromItsRuntimeWhereItSaysNothing) {
  const auto processes = [](const std::string& policy, const std::string& trainer) {
    return Variable(ConvertWith(Replaced(kRuntime, "torch: {}", "torch: {" + policy + "}"),
                                Replaced(kJob, "numNodes: 2", trainer))
                        .job,
                    "PET_NPROC_PER_NODE");
  };
  EXPECT_EQ(processes("numProcPerNode: auto", "resourcesPerNode: {limits: {cpu: 4}}"), "4");
  EXPECT_EQ(processes("numProcPerNode: 3", "numNodes: 2"), "3");
  EXPECT_EQ(processes("numProcPerNode: gpu", "numNodes: 2"), "gpu");
  EXPECT_EQ(processes("numProcPerNode: 3", "numProcPerNode: 2"), "2");
}

TEST(TrainJob, CountsRestartsOfJobsAndOfTheirSet) {
  EXPECT_EQ(ConvertWith(kRuntime).job.spec.max_restarts, 0);
  EXPECT_EQ(
      ConvertWith(Replaced(kRuntime, "maxRestarts: 0", "maxRestarts: 2")).job.spec.max_restarts, 2);
  EXPECT_EQ(
      ConvertWith(Replaced(kRuntime, "            backoffLimit: 0\n", "")).job.spec.max_restarts,
      6);
}

TEST(TrainJob, TellsWhatItsRuntimeCannotDoAtItsReference) {
  const Converted converted =
      ConvertWith(Replaced(kRuntime, "torch: {}", "mpi: {mpiImplementation: Intel}"));
  EXPECT_THAT(Lines(converted.findings),
              HasSubstr("j.yaml:5:3: spec.runtimeRef: in the runtime \"own\", "
                        "spec.mlPolicy.mpi.mpiImplementation: \"Intel\" is a name that Kubeflow "
                        "Trainer takes, and then fails at again and again"));
  EXPECT_THAT(Lines(ConvertWith(Replaced(kRuntime, "- name: node", "- name: fit")).findings),
              HasSubstr("they would wait for ever"));
}

TEST(TrainJob, SaysWhetherARuntimeIsNotThereOrNotKnown) {
  const RuntimeLookup unknown = [](const std::string&, const std::string&,
                                   const std::string&) -> Result<Json> {
    return Unavailable("no operator");
  };
  EXPECT_EQ(Lines(ConvertYaml(kJob, unknown).findings), "");  // it is shipped
  const std::vector<Finding> findings =
      ConvertYaml(Replaced(kJob, "torch-distributed", "mine"), unknown).findings;
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_TRUE(findings[0].unsupported);
  EXPECT_THAT(findings[0].message, HasSubstr("what else there is is not known here"));
}

TEST(TrainingRuntime, IsCheckedAsItsWebhookDoes) {
  EXPECT_EQ(SayOfRuntime(kRuntime), "");
  struct Row {
    const char* from;
    const char* to;
    const char* said;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"torch: {}", "torch: {}, mpi: {}",
            "j.yaml:5:3: spec.mlPolicy: has torch and mpi: only one of the policies can be"},
           {"- name: node", "- name: node\n        replicas: 2",
            "replicatedJobs[0].replicas: is 2: always must be 1"},
           {"trainjob-ancestor-step: trainer", "other: trainer",
            "warning: spec.template.spec.replicatedJobs: no step has the label"},
           {"failurePolicy: {maxRestarts: 0}", "ttlSecondsAfterFinished: 5",
            "ttlSecondsAfterFinished: is not supported yet: the TrainJob would make the JobSet "
            "again"},
           {"failurePolicy: {maxRestarts: 0}", "successPolicy: {targetReplicatedJobs: [x]}",
            "successPolicy.targetReplicatedJobs[0]: there is no ReplicatedJob \"x\""},
           {"failurePolicy: {maxRestarts: 0}", "failurePolicy: {rules: [{}]}",
            "failurePolicy.rules"},
           {"torch: {}", "torch: {numProcPerNode: many}",
            "j.yaml:5:51: spec.mlPolicy.torch.numProcPerNode: \"many\" is no number of processes"},
           {"torch: {}", "torch: {numProcPerNode: 0}", "torch.numProcPerNode: 0 is no number"},
           {"torch: {}", "torch: {elasticPolicy: {minNodes: 1}}",
            "torch.elasticPolicy: is not supported yet: the number of ranks stays as it is"},
           {"torch: {}", "flux: {a: 1}", "spec.mlPolicy.flux: is not supported yet"},
           {"numNodes: 1", "numNodes: 0", "spec.mlPolicy.numNodes: is 0"},
           {"backoffLimit: 0", "backoffLimits: 0", "spec.backoffLimits: "},
           {"command: [train]", "commands: [train]", "containers[0].commands: "}}) {
    EXPECT_THAT(SayOfRuntime(Replaced(kRuntime, row.from, row.to)), HasSubstr(row.said)) << row.to;
  }
}

TEST(ShippedRuntimes, AreWithoutError) {
  EXPECT_EQ(ShippedRuntimeNames().size(), 4U);
  for (const std::string& name : ShippedRuntimeNames()) {
    FindingList findings(nullptr);
    ReadRuntimeTemplate(*ShippedRuntime(name), findings);
    for (const Finding& finding : findings.findings()) {
      EXPECT_EQ(finding.severity, Finding::Severity::kWarning) << name << ": " << finding.message;
    }
  }
  EXPECT_EQ(ShippedRuntime("none"), std::nullopt);
}

TEST(Quantity, HasAValue) {
  for (const auto& [text, value] :
       {std::pair{"500m", 0.5}, std::pair{"2", 2.0}, std::pair{"1.5Gi", 1.5 * (1LL << 30)},
        std::pair{"1e3", 1000.0}, std::pair{"2E", 2e18}, std::pair{"3k", 3000.0},
        std::pair{"4M", 4e6}, std::pair{"+1Ki", 1024.0}, std::pair{"1E2", 100.0},
        std::pair{"7u", 7e-6}}) {
    EXPECT_DOUBLE_EQ(QuantityOf(text).value_or(-1), value) << text;
  }
  EXPECT_EQ(QuantityOf(3), 3);
  EXPECT_EQ(QuantityOf("x"), std::nullopt);
}

}  // namespace
}  // namespace lockstep
