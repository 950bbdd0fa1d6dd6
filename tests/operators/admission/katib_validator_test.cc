// The cases of Katib's own validator_test.go, in the user's words, and of its webhooks' corners.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/operators/admission/manifests.h"

namespace lockstep {
namespace {

// Whether a fault of `yaml` is at `field` or inside it, as Katib names it.
bool Refused(const std::string& yaml, const std::string& field) {
  return std::ranges::any_of(Faults(yaml), [&](const std::string& path) {
    return path.starts_with(field) &&
           (path.size() == field.size() || path[field.size()] == '.' || path[field.size()] == '[');
  });
}

struct Case {
  std::string from;
  std::string to;
  std::string field;  // empty: accepted
};

void Expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const std::string yaml = Changed(c.from, c.to);
    if (c.field.empty()) {
      EXPECT_TRUE(Faults(yaml).empty()) << c.to << "\n" << Say(yaml);
    } else {
      EXPECT_TRUE(Refused(yaml, c.field)) << c.to << "\n" << Say(yaml);
    }
  }
}

TEST(KatibValidator, MetadataAndNamespaces) {
  Expect({
      {"name: m-valid-base", "name: 1234-test", "metadata.name"},
      {"name: m-valid-base", "name: " + std::string(49, 'a'), "metadata.name"},
      {"name: m-valid-base", "name: " + std::string(41, 'a'), "metadata.name"},
      {"name: m-valid-base", "name: " + std::string(40, 'a'), ""},
      {"name: m-valid-base", "name: a.b", ""},
      {"name: m-valid-base", "name: a..b", "metadata.name"},
      {"name: m-valid-base", "name: a-", "metadata.name"},
      {"name: m-valid-base", "name: a_b", "metadata.name"},
      {"namespace: default", "namespace: any-other", ""},
      {"namespace: default", "namespace: Upper", "metadata.namespace"},
      {"namespace: default", "labels: {a: , b: x}", ""},
      {"namespace: default", "labels: {a: 1}", "metadata.labels.a"},
  });
}

TEST(KatibValidator, ObjectiveAndCounts) {
  Expect({
      {"  objective:\n", "  x: \n", "spec.objective"},
      {"type: minimize", "type: unknown", "spec.objective.type"},
      {"objectiveMetricName: loss", "objectiveMetricName: ''",
       "spec.objective.objectiveMetricName"},
      {"    - accuracy\n", "    - accuracy\n    - loss\n", "spec.objective.additionalMetricNames"},
      {"goal: 0.001", "goal: 1", ""},
      {"goal: 0.001", "goal: '1'", "spec.objective.goal"},
      {"maxTrialCount: 12", "maxTrialCount: 0", "spec.maxTrialCount"},
      {"maxTrialCount: 12", "maxTrialCount: -1", "spec.maxTrialCount"},
      {"maxTrialCount: 12", "maxTrialCount: 2", "spec.parallelTrialCount"},
      {"maxTrialCount: 12", "maxTrialCount: 3", ""},
      {"maxTrialCount: 12", "maxTrialCount: 12.0", ""},
      {"maxTrialCount: 12", "maxTrialCount: 1e1", ""},
      {"maxTrialCount: 12", "maxTrialCount: 12.5", "spec.maxTrialCount"},
      {"maxTrialCount: 12", "maxTrialCount: 2147483648", "spec.maxTrialCount"},
      {"maxTrialCount: 12", "maxTrialCount: ", ""},
      {"parallelTrialCount: 3", "parallelTrialCount: 12", ""},
      {"parallelTrialCount: 3", "parallelTrialCount: 13", "spec.parallelTrialCount"},
      {"maxFailedTrialCount: 3", "maxFailedTrialCount: -1", "spec.maxFailedTrialCount"},
      {"maxFailedTrialCount: 3", "maxFailedTrialCount: 12", ""},
      {"maxFailedTrialCount: 3", "maxFailedTrialCount: 13", "spec.maxFailedTrialCount"},
      {"maxFailedTrialCount: 3", "maxFailedTrialCount: 0", ""},
      {"maxTrialCount: 12", "resumePolicy: invalid", "spec.resumePolicy"},
      {"maxTrialCount: 12", "resumePolicy: longRunning", "spec.resumePolicy"},
      {"maxTrialCount: 12", "resumePolicy: FromVolume", ""},
  });
}

TEST(KatibValidator, AlgorithmAndEarlyStopping) {
  Expect({
      {"  algorithm:\n    algorithmName: random\n", "", "spec.algorithm"},
      {"algorithmName: random", "algorithmName: ''", "spec.algorithm.algorithmName"},
      {"algorithmName: random", "algorithmName: Random", "spec.algorithm.algorithmName"},
      {"maxTrialCount: 12", "earlyStopping: {algorithmName: ''}",
       "spec.earlyStopping.algorithmName"},
      {"maxTrialCount: 12", "earlyStopping: {algorithmName: no}",
       "spec.earlyStopping.algorithmName"},
      {"maxTrialCount: 12", "earlyStopping: {algorithmName: medianstop}", ""},
  });
}

TEST(KatibValidator, Parameters) {
  const std::string lr = "spec.parameters[0].feasibleSpace";
  Expect({
      {"parameterType: double", "parameterType: invalid-type", "spec.parameters[0].parameterType"},
      {"min: '0.01'", "list: ['1']", lr + ".list"},
      {"      min: '0.01'\n      max: '0.05'\n", "      step: '1'\n", lr},
      {"      min: '1'\n      max: '5'\n", "      min: '1'\n",
       "spec.parameters[1].feasibleSpace.max"},
      {"      list:\n", "      max: '1'\n      list:\n", "spec.parameters[2].feasibleSpace"},
      {"min: '0.01'", "min: '0.01'\n      distribution: invalid", lr + ".distribution"},
      {"min: '0.01'", "min: '0.01'\n      distribution: logUniform", ""},
      {"min: '0.01'", "min: '0.01'\n      distribution: unknown", ""},
      {"      list:\n", "      distribution: normal\n      list:\n", ""},
      {"min: '1'", "min: '0.5'", ""},
      {"min: '1'", "min: '4.2'\n      step: '1'", ""},
      {"max: '5'", "max: '0.5'", "spec.parameters[1].feasibleSpace.min"},
      {"min: '0.01'", "min: '+0.01'", ""},
      {"min: '0.01'", "min: '1e-2'", ""},
      {"min: '0.01'", "min: 0x", lr + ".min"},
      {"min: '0.01'", "min: inf", lr + ".min"},
      {"min: '0.01'", "min: '0.06'", lr + ".min"},
      {"min: '0.01'", "min: '0.01'\n      step: '0'", lr + ".step"},
      {"name: layers\n", "name: lr\n", "spec.parameters[1].name"},
  });
}

TEST(KatibValidator, TrialTemplate) {
  const std::string at = "spec.trialTemplate";
  const std::string first = at + ".trialParameters[0]";
  Expect({
      {"  trialTemplate:\n", "  x:\n", at},
      {"name: learningRate", "name: '{learningRate}'", first},
      {"name: learningRate", "name: layers", at + ".trialParameters[1].name"},
      {"reference: lr", "reference: ''", first},
      {"reference: lr", "reference: layers", at + ".trialParameters[1].reference"},
      {"reference: lr", "reference: wrong-ref", first + ".reference"},
      {"${trialParameters.learningRate}", "${trialParameters.learning}", first + ".name"},
      {"${trialParameters.opt}", "${trialParameters.opt}${trialParameters.extra}",
       at + ".trialSpec"},
      {"      apiVersion: batch/v1\n", "", at},
      {"      kind: Job\n", "", at},
      {"primaryContainerName: training-container", "primaryContainerName: ''", at},
      {"restartPolicy: Never", "restartPolicy: 7", at},
      {"image: docker.io/x/y:1", "resources: {limits: {nvidia.com/gpu: 1}}", ""},
      {"image: docker.io/x/y:1", "resources: {limits: {cpu: '0.5', memory: 1500Mi}}", ""},
      {"image: docker.io/x/y:1", "resources: {limits: {cpu: lots}}", at},
      {"image: docker.io/x/y:1", "InvalidField: x", at},
      {"image: docker.io/x/y:1", "image: [x]", at},
      {"name: learningRate", "name: a b.c/d", first + ".name"},
  });
}

TEST(KatibValidator, TrialParametersMayHaveOddNames) {
  for (const std::string name :
       {"learning rate", "a.b", "a/b", "a[0]", "\xc3\xa4", "$x", "a-b_c"}) {
    const std::string yaml =
        ChangedIn(Changed("name: learningRate", "name: '" + name + "'"),
                  "--lr=${trialParameters.learningRate}", "--lr=${trialParameters." + name + "}");
    EXPECT_TRUE(Faults(yaml).empty()) << name << "\n" << Say(yaml);
  }
}

TEST(KatibValidator, ReferencesToTheTrial) {
  const auto with = [](const std::string& reference, const std::string& meta) {
    std::string yaml =
        Changed("    trialParameters:\n",
                "    trialParameters:\n    - {name: meta, reference: '" + reference + "'}\n");
    yaml = ChangedIn(yaml, "--opt=", "--meta=${trialParameters.meta}\n              - --opt=");
    return ChangedIn(yaml, "      kind: Job\n", "      kind: Job\n      metadata: " + meta + "\n");
  };
  const std::string meta = "{labels: {b/c: '2'}, annotations: {a: '1'}}";
  const std::string field = "spec.trialTemplate.trialParameters[0].reference";
  for (const char* const good :
       {"${trialSpec.Name}", "${trialSpec.Namespace}", "${trialSpec.Kind}",
        "${trialSpec.APIVersion}", "${trialSpec.Annotations[a]}", "${trialSpec.Labels[b/c]}"}) {
    EXPECT_TRUE(Faults(with(good, meta)).empty()) << good << Say(with(good, meta));
  }
  for (const char* const bad :
       {"${trialSpec.name}", "${trialSpec.Labels[b]}", "${trialSpec.Annotations[b/c]}",
        "${trialSpec.Labels}", "${trialSpec.Labels[]}", "${trialSpec.UID}"}) {
    EXPECT_TRUE(Refused(with(bad, meta), field)) << bad;
  }
  EXPECT_TRUE(Refused(with("${trialSpec.Labels[b/c]}", "{}"), field));
}

// What YAML 1.1 makes of a text, as kubectl reads it.
TEST(KatibValidator, Yaml) {
  Expect({
      {"objectiveMetricName: loss", "objectiveMetricName: yes",
       "spec.objective.objectiveMetricName"},
      {"objectiveMetricName: loss", "objectiveMetricName: 'yes'", ""},
      {"objectiveMetricName: loss", "objectiveMetricName: !!str yes", ""},
      {"objectiveMetricName: loss", "objectiveMetricName: 1.0",
       "spec.objective.objectiveMetricName"},
      {"apiVersion: kubeflow.org/v1beta1\n",
       "\xef\xbb\xbfx-common: &common {type: minimize}\napiVersion: kubeflow.org/v1beta1\n", ""},
      {"    type: minimize\n", "    <<: {type: minimize}\n", ""},
      {"  parallelTrialCount: 3\n", "  parallelTrialCount: &count 3\n", ""},
  });
  EXPECT_FALSE(Faults(Changed("type: minimize", "type: minimize\n    type: minimize")).empty());
  EXPECT_FALSE(Faults(Changed("  objective:\n", "\tobjective:\n")).empty());
}

}  // namespace
}  // namespace lockstep
