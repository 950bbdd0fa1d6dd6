// Where a trial's job comes from and what may be wrong with it; what is right but not run here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/api/defaults.h"
#include "operators/api/field_path.h"
#include "tests/operators/admission/manifests.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using Paths = std::set<std::string>;

constexpr char kTemplate[] = "spec.trialTemplate";
constexpr char kConfigMap[] = "spec.trialTemplate.configMap";
constexpr char kPod[] = "spec.trialTemplate.trialSpec.spec.template.spec";

constexpr char kMap[] = R"(apiVersion: v1
kind: ConfigMap
metadata: {name: templates, namespace: kubeflow}
data:
  job.yaml: |
    # lr goes to ${trialParameters.learningRate}
    apiVersion: batch/v1
    kind: Job
    metadata: {labels: {team: t}}
    spec:
      parallelism: ${trialParameters.layers}
      template:
        spec:
          containers:
          - name: training-container
            command: [train, "--lr=${trialParameters.learningRate}",
                      "--opt=${trialParameters.opt}"]
          restartPolicy: Never
---
)";

// The Experiment of m_valid_base, whose job is in kMap.
std::string InConfigMap() {
  std::string yaml = ValidManifest();
  const std::size_t begin = yaml.find("    trialSpec:\n");
  EXPECT_NE(begin, std::string::npos);
  yaml.resize(begin);  // the last field
  return kMap + yaml + R"(    configMap:
      configMapName: templates
      configMapNamespace: kubeflow
      templatePath: job.yaml
    successCondition: status.conditions.#(type=="Complete")#|#(status=="True")#
    failureCondition: status.conditions.#(type=="Failed")#|#(status=="True")#
)";
}

TEST(ConfigMapTemplate, AnnotationsOfItsJobAreCheckedAsThoseOfAnInlineOne) {
  const auto annotated = [](const std::string& annotation) {
    return Say(
        ChangedIn(InConfigMap(), "{labels: {team: t}}", "{annotations: {" + annotation + "}}"));
  };
  EXPECT_EQ(annotated("lockstep.dev/deadline: 90m"), "");
  EXPECT_EQ(annotated("lockstep.dev/deadline: '${trialParameters.layers}'"), "");
  EXPECT_THAT(annotated("lockstep.dev/deadline: soon"),
              HasSubstr("spec.trialTemplate.configMap: the ConfigMap kubeflow/templates, "
                        "job.yaml:4:"));
  EXPECT_THAT(annotated("lockstep.dev/deadline: soon"), HasSubstr("\"soon\" is no duration"));
  EXPECT_THAT(annotated("lockstep.dev/deadlin: 90m"),
              HasSubstr("did you mean lockstep.dev/deadline?"));
  EXPECT_THAT(annotated("lockstep.dev/cancel: slow"), HasSubstr("it is for Experiment, Trial"));
}

TEST(ConfigMapTemplate, IsCheckedAsAnInlineOne) {
  EXPECT_EQ(Say(InConfigMap()), "");
  const std::string said = Say(ChangedIn(InConfigMap(), "parallelism", "paralelism"));
  EXPECT_THAT(said, HasSubstr("spec.trialTemplate.configMap: the ConfigMap kubeflow/templates, "
                              "job.yaml:6:"));
  EXPECT_THAT(said, HasSubstr(": spec.paralelism: unknown field"));
  EXPECT_THAT(said, HasSubstr("did you mean parallelism?"));
  EXPECT_THAT(Say(ChangedIn(InConfigMap(), "  spec:\n      par", "  spec: [\n      par")),
              HasSubstr(std::string(kConfigMap) + ": the ConfigMap kubeflow/templates, job.yaml:"));
}

TEST(ConfigMapTemplate, MustBeThereWithItsKey) {
  EXPECT_EQ(Faults(ChangedIn(InConfigMap(), "configMapName: templates", "configMapName: other")),
            Paths{kConfigMap});
  EXPECT_THAT(Say(ChangedIn(InConfigMap(), "templatePath: job.yaml", "templatePath: jobs.yaml")),
              HasSubstr("has no key \"jobs.yaml\" (did you mean job.yaml?)"));
  for (const char* const field : {"configMapName", "configMapNamespace", "templatePath"}) {
    EXPECT_EQ(Faults(ChangedIn(InConfigMap(), std::string("      ") + field + ": ",
                               std::string("      ") + field + ": '' # ")),
              Paths{FieldPath(kConfigMap, field)})
        << field;
  }
}

TEST(ConfigMapTemplate, IsNotCheckedWhereItCannotBeLookedUp) {
  const auto documents = ParseYaml(InConfigMap(), "e.yaml");
  auto decoded = Decode(documents->back());
  SetDefaults(decoded->object);
  const std::vector<Finding> findings = Validate(decoded->object, documents->back());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.front().severity, Finding::Severity::kWarning);
  EXPECT_EQ(findings.front().path, kConfigMap);
}

TEST(ConfigMapTemplate, HasNoDefaultConditions) {
  EXPECT_EQ(Faults(ChangedIn(InConfigMap(), "    successCondition: ", "    description: ")),
            (Paths{"spec.trialTemplate.successCondition", "spec.trialTemplate.description"}));
}

TEST(ConfigMapTemplate, NamesNoPlaceholderThatIsNotDeclared) {
  EXPECT_THAT(Say(ChangedIn(InConfigMap(), "# lr goes", "# ${trialParameters.x} goes")),
              HasSubstr("the placeholder ${trialParameters.x} has no entry"));
  EXPECT_EQ(Faults(ChangedIn(InConfigMap(), "parallelism: ${trialParameters.layers}", "")),
            Paths{"spec.trialTemplate.trialParameters[1].name"});
}

TEST(Template, HasOneSource) {
  EXPECT_EQ(Faults(ChangedIn(InConfigMap(), "    configMap:\n",
                             "    trialSpec: {apiVersion: v1, kind: A}\n    configMap:\n")),
            Paths{kTemplate});
  EXPECT_EQ(Faults(Changed("    trialSpec:\n", "    trialSpec: null\n    x-old:\n")),
            (Paths{"spec.trialTemplate.trialSpec", "spec.trialTemplate.x-old"}));
}

// Katib's defaults by the name of the kind; what a cluster can run is right.
TEST(Template, TakesEveryKindOfJob) {
  const std::string kind = std::string(kTemplate) + ".trialSpec.kind";
  const auto of = [](const std::string& version, const std::string& name) {
    return ChangedIn(Changed("apiVersion: batch/v1", "apiVersion: " + version), "kind: Job",
                     "kind: " + name);
  };
  const std::string volcano = of("batch.volcano.sh/v1alpha1", "Job");
  EXPECT_EQ(Faults(volcano), Paths{});
  EXPECT_EQ(NotRunHere(volcano), Paths{kind});
  const std::string workflow = of("argoproj.io/v1alpha1", "Workflow");
  EXPECT_EQ(Faults(workflow),
            (Paths{"spec.trialTemplate.successCondition", "spec.trialTemplate.failureCondition"}));
  EXPECT_EQ(Faults(ChangedIn(workflow, "  trialTemplate:\n",
                             "  trialTemplate:\n    successCondition: status.phase\n"
                             "    failureCondition: status.failed\n")),
            Paths{});
}

// Katib takes them; what their operators would say of them is told, and they are not run.
TEST(Template, LeavesTheLastWordOnAJobToItsOperator) {
  const std::string spec = std::string(kTemplate) + ".trialSpec.spec";
  for (const auto& [version, name, replicas] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"kubeflow.org/v1", "TFJob", "tfReplicaSpecs"},
           {"kubeflow.org/v1", "PyTorchJob", "pytorchReplicaSpecs"},
           {"kubeflow.org/v1", "XGBoostJob", "xgbReplicaSpecs"},
           {"kubeflow.org/v1", "MPIJob", "mpiReplicaSpecs"},
           {"kubeflow.org/v2beta1", "MPIJob", "mpiReplicaSpecs"},
           {"trainer.kubeflow.org/v1alpha1", "TrainJob", "runtimeRef.name"}}) {
    const std::string yaml = ChangedIn(Changed("apiVersion: batch/v1", "apiVersion: " + version),
                                       "kind: Job", "kind: " + name);
    EXPECT_EQ(Faults(yaml), Paths{}) << name;
    EXPECT_TRUE(NotRunHere(yaml).contains(spec + "." + replicas)) << name;
    EXPECT_TRUE(NotRunHere(yaml).contains(spec + ".template")) << name;
  }
}

TEST(Template, SetsPrimaryPodLabelsByKind) {
  const auto labels = [](const std::string& version, const std::string& kind,
                         const std::string& given) {
    const std::string yaml =
        ChangedIn(ChangedIn(Changed("apiVersion: batch/v1", "apiVersion: " + version), "kind: Job",
                            "kind: " + kind),
                  "  trialTemplate:\n", "  trialTemplate:\n" + given);
    const auto documents = ParseYaml(yaml, "e.yaml");
    auto decoded = Decode(documents->front());
    SetDefaults(decoded->object);
    return std::get<Experiment>(decoded->object).spec.trial_template->primary_pod_labels;
  };
  const Labels master = {{"training.kubeflow.org/job-role", "master"}};
  EXPECT_EQ(labels("kubeflow.org/v1", "MPIJob", ""), master);
  EXPECT_EQ(labels("kubeflow.org/v1", "MPIJob", "    primaryPodLabels: {a: b}\n"),
            (Labels{{"a", "b"}}));
  EXPECT_EQ(labels("trainer.kubeflow.org/v1alpha1", "TrainJob", ""),
            (Labels{{"batch.kubernetes.io/job-completion-index", "0"},
                    {"jobset.sigs.k8s.io/replicatedjob-name", "node"}}));
  EXPECT_EQ(labels("batch/v1", "Job", ""), Labels{});
}

// Kubernetes takes them, so they are right; they are not run here, and not ignored.
TEST(Template, TellsWhatOneMachineCannotRunFromWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"hostAliases: [{ip: 1.2.3.4}]", std::string(kPod) + ".hostAliases"},
      {"volumes: [{name: s, nfs: {server: s}}]", std::string(kPod) + ".volumes[0].nfs"},
  };
  for (const auto& [field, path] : table) {
    const std::string yaml =
        Changed("restartPolicy: Never", "restartPolicy: Never\n            " + field);
    EXPECT_EQ(Faults(yaml), Paths{}) << field;
    EXPECT_EQ(NotRunHere(yaml), Paths{path});
  }
  const std::string two =
      Changed("            containers:\n",
              "            containers:\n            - {name: side, image: x}\n");
  EXPECT_EQ(Faults(two), Paths{});
  EXPECT_EQ(NotRunHere(two), Paths{std::string(kPod) + ".containers[0].command"});
  const std::string spec = "      spec:\n        template:\n";
  const std::string job =
      "      spec:\n        podFailurePolicy: {rules: []}\n"
      "        completions: 4\n        template:\n";
  EXPECT_EQ(Faults(Changed(spec, job)), Paths{});
  EXPECT_EQ(NotRunHere(Changed(spec, job)),
            (Paths{"spec.trialTemplate.trialSpec.spec.podFailurePolicy",
                   "spec.trialTemplate.trialSpec.spec.completions"}));
  EXPECT_EQ(Faults(Changed("restartPolicy: Never", "restartPolicy: Never\n            bogus: 1")),
            Paths{std::string(kPod) + ".bogus"});
}

TEST(Template, GivesTheJobItsNameAndNamespace) {
  const auto with = [](const std::string& meta) {
    return Faults(
        Changed("      kind: Job\n", "      kind: Job\n      metadata: {" + meta + "}\n"));
  };
  EXPECT_EQ(with("name: x, namespace: other"),
            (Paths{"spec.trialTemplate.trialSpec.metadata.name",
                   "spec.trialTemplate.trialSpec.metadata.namespace"}));
  EXPECT_EQ(with("name: ''"), Paths{});
}

constexpr char kNas[] = R"(  nasConfig:
    graphConfig: {numLayers: 8, inputSizes: [32, 32, 3], outputSizes: [10]}
    operations:
    - operationType: convolution
      parameters:
      - name: filter_size
        parameterType: categorical
        feasibleSpace: {list: ["3", "5"]}
)";

// Of an architecture search, whose assignments its algorithm names.
std::string Architecture() {
  std::string yaml = ValidManifest();
  const std::size_t begin = yaml.find("  parameters:\n");
  const std::size_t end = yaml.find("  trialTemplate:\n");
  yaml.replace(begin, end - begin, kNas);
  yaml = ChangedIn(yaml, "algorithmName: random", "algorithmName: enas");
  return yaml;
}

TEST(Nas, IsRightWithoutParametersAndNotRunHere) {
  EXPECT_EQ(Faults(Architecture()), Paths{});
  EXPECT_EQ(NotRunHere(Architecture()), (Paths{"spec.nasConfig", "spec.algorithm.algorithmName"}));
  EXPECT_EQ(Faults(ChangedIn(Architecture(), "--lr=${trialParameters.learningRate}",
                             "--lr=${trialParameters.learningRate}${trialParameters.x}")),
            Paths{"spec.trialTemplate.trialSpec.spec.template.spec.containers[0].command[2]"});
}

TEST(Nas, HasAStructure) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"numLayers: 8", "numLayers: 0", "spec.nasConfig.graphConfig.numLayers"},
      {"inputSizes: [32, 32, 3]", "inputSizes: []", "spec.nasConfig.graphConfig.inputSizes"},
      {"outputSizes: [10]", "outputSizes: [-1]", "spec.nasConfig.graphConfig.outputSizes[0]"},
      {"operationType: convolution", "operationType: ''",
       "spec.nasConfig.operations[0].operationType"},
      {"list: [\"3\", \"5\"]", "min: \"3\"",
       "spec.nasConfig.operations[0].parameters[0].feasibleSpace.min"},
      {"  nasConfig:\n",
       "  parameters: [{name: p, parameterType: int, feasibleSpace: {min: 1, max: "
       "2}}]\n  nasConfig:\n",
       "spec.nasConfig"},
  };
  for (const auto& [from, to, path] : table) {
    EXPECT_TRUE(Faults(ChangedIn(Architecture(), from, to)).contains(path)) << to;
  }
}

}  // namespace
}  // namespace lockstep
