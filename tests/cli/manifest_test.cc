// What validate, apply and render say of a file before anything runs.
#include <algorithm>
#include <filesystem>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// A search over lr and momentum whose trials are Jobs, as a Katib user has it.
constexpr char kKatib[] = R"(apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: random
spec:
  objective: {type: minimize, goal: 0.001, objectiveMetricName: loss}
  algorithm: {algorithmName: random}
  parallelTrialCount: 3
  maxTrialCount: 12
  maxFailedTrialCount: 3
  parameters:
    - name: lr
      parameterType: double
      feasibleSpace: {min: "0.01", max: "0.05"}
    - name: momentum
      parameterType: double
      feasibleSpace: {min: "0.5", max: "0.9"}
  trialTemplate:
    primaryContainerName: training-container
    trialParameters:
      - {name: learningRate, reference: lr}
      - {name: momentum, reference: momentum}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            containers:
              - name: training-container
                image: docker.io/kubeflowkatib/pytorch-mnist-cpu:latest
                command: [python3, /opt/pytorch-mnist/mnist.py,
                          "--lr=${trialParameters.learningRate}",
                          "--momentum=${trialParameters.momentum}"]
            restartPolicy: Never
)";

class ManifestTest : public LockstepTest {
 protected:
  // Line, path and severity of each finding.
  std::vector<std::string> Findings(const std::string& yaml,
                                    const std::vector<std::string>& flags = {}) {
    std::vector<std::string> args = {"validate", "-f", WriteFile("e.yaml", yaml), "-o", "json"};
    args.insert(args.end(), flags.begin(), flags.end());
    const Outcome outcome = Run(args);
    const Json list = Json::parse(outcome.out, nullptr, false);
    EXPECT_TRUE(list.is_array()) << outcome.out << outcome.err;
    std::vector<std::string> findings;
    bool errors = false;
    for (const Json& finding : list) {
      findings.push_back(std::to_string(finding.value("line", 0)) + " " +
                         finding.value("path", "") + " " + finding.value("severity", ""));
      errors = errors || finding.value("severity", "") == "error";
      EXPECT_EQ(finding.value("file", ""), dir_ + "/e.yaml");
      EXPECT_FALSE(finding.value("message", "").empty());
    }
    EXPECT_EQ(outcome.code, errors ? 4 : 0);
    return findings;
  }
  void ExpectFails(const Outcome& outcome, int code, const std::vector<std::string>& parts) {
    EXPECT_EQ(outcome.code, code) << outcome.err << outcome.out;
    for (const std::string& part : parts) {
      EXPECT_NE(outcome.err.find(part), std::string::npos) << "no '" << part << "' in\n"
                                                           << outcome.err;
    }
  }
};

using Lines = std::vector<std::string>;

TEST_F(ManifestTest, AnUnknownFieldDoesNotHideWhatTheRulesSay) {
  EXPECT_EQ(Findings(kKatib), Lines{});
  std::string yaml = Replaced(kKatib, "type: minimize", "type: minimise");
  yaml = Replaced(yaml, "goal: 0.001", "gaol: 0.001");
  EXPECT_EQ(Findings(yaml), (Lines{"6 spec.objective.type error", "6 spec.objective.gaol error"}));
}

TEST_F(ManifestTest, WhatDidNotDecodeIsToldOnce) {
  EXPECT_EQ(Findings(Replaced(kKatib, "maxTrialCount: 12", "maxTrialCount: many")),
            Lines{"9 spec.maxTrialCount error"});
  EXPECT_EQ(Findings(Replaced(kKatib, "algorithm:", "algoritm:")), Lines{"7 spec.algoritm error"});
  EXPECT_EQ(Findings(Replaced(kKatib, "- name: lr", "- name: 1")),
            Lines{"12 spec.parameters[0].name error"});
  EXPECT_EQ(Findings(Replaced(kKatib, "- name: lr", "- nam: lr")),
            Lines{"12 spec.parameters[0].nam error"});
  EXPECT_EQ(Findings(Replaced(kKatib, "command: [python3", "comand: [python3")),
            Lines{"32 spec.trialTemplate.trialSpec.spec.template.spec.containers[0].comand error"});
  EXPECT_EQ(
      Findings(Replaced(kKatib, "feasibleSpace: {min: \"0.01\"", "feasibleSpace: {mi: \"0.01\"")),
      Lines{"14 spec.parameters[0].feasibleSpace.mi error"});
}

TEST_F(ManifestTest, UnknownFieldsAreWarningsOrNothingWhenAskedSo) {
  std::string yaml = Replaced(kKatib, "goal: 0.001", "gaol: 0.001");
  yaml = Replaced(yaml, "restartPolicy: Never", "restartPolicy: Never\n            restart: no");
  const std::string in_job = "spec.trialTemplate.trialSpec.spec.template.spec.restart";
  EXPECT_EQ(Findings(yaml, {"--validate=strict"}),
            (Lines{"6 spec.objective.gaol error", "36 " + in_job + " error"}));
  EXPECT_EQ(Findings(yaml, {"--validate=warn"}),
            (Lines{"6 spec.objective.gaol warning", "36 " + in_job + " warning"}));
  EXPECT_EQ(Findings(yaml, {"--validate=ignore"}), Lines{});
  const std::string file = WriteFile("unknown.yaml", yaml);
  const Outcome outcome = Run({"validate", "--validate", "warn", file});
  EXPECT_EQ(outcome.out, "1 object is valid\n");
  ExpectFails(
      outcome, 0,
      {file + ":6:", "warning: spec.objective.gaol", "did you mean goal?", "it is left out"});
  ExpectFails(Run({"validate", file, "--validate=strct"}), 2, {"strct", "warn"});
  ExpectFails(Run({"validate"}), 2, {"file"});
}

TEST_F(ManifestTest, OtherErrorsStayErrorsWhenUnknownFieldsAreIgnored) {
  const std::string yaml = Replaced(kKatib, "algorithm:", "algoritm:");
  EXPECT_EQ(Findings(yaml, {"--validate=ignore"}), Lines{"5 spec.algorithm error"});
  EXPECT_EQ(Findings(yaml, {"--validate=warn"}),
            (Lines{"5 spec.algorithm error", "7 spec.algoritm warning"}));
}

TEST_F(ManifestTest, ApplyLeavesOutUnknownFieldsWhenAskedSo) {
  const std::string yaml =
      Replaced(kKatib, "restartPolicy: Never", "restartPolicy: Never\n            restart: no");
  const std::string file = WriteFile("apply.yaml", yaml);
  ExpectFails(Run({"apply", "-f", file, "--dry-run"}), 4, {"restart", "nothing was changed"});
  const Outcome outcome = Run({"apply", "-f", file, "--dry-run", "--validate=warn"});
  ExpectFails(outcome, 0, {file + ":36:", "warning: "});
  EXPECT_NE(outcome.out.find("random created (dry run)\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("- '--lr=0.01'\n"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("restart:"), std::string::npos) << outcome.out;
}

TEST_F(ManifestTest, AJobAloneIsToldAllAtOnceToo) {
  const std::string job = R"(apiVersion: batch/v1
kind: Job
metadata: {name: Upper}
spec:
  paralelism: 2
  template:
    spec:
      containers:
        - {name: main, image: none, command: ["true"]}
)";
  EXPECT_EQ(Findings(job), (Lines{"3 metadata.name error", "5 spec.paralelism error"}));
  EXPECT_EQ(Findings(Replaced(job, "Upper", "lower"), {"--validate=ignore"}), Lines{});
}

// kKatib with its job in a ConfigMap.
std::string InConfigMap() {
  const std::string yaml = kKatib;
  const std::size_t begin = yaml.find("    trialSpec:\n");
  std::string job = yaml.substr(begin + std::string("    trialSpec:\n").size());
  std::string indented;
  for (std::size_t at = 0; at < job.size(); at = job.find('\n', at) + 1) {
    indented += "  " + job.substr(at + 2, job.find('\n', at) - at - 1);
  }
  const auto condition = [](const std::string& name, const std::string& type) {
    return "    " + name + ": status.conditions.#(type==\"" + type + "\")#|#(status==\"True\")#\n";
  };
  return yaml.substr(0, begin) +
         "    configMap: {configMapName: jobs, configMapNamespace: default, templatePath: t}\n" +
         condition("successCondition", "Complete") + condition("failureCondition", "Failed") +
         "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: jobs}\ndata:\n  t: |\n" + indented;
}

TEST_F(ManifestTest, ATemplateMayStandInAConfigMapOfTheSameFiles) {
  EXPECT_EQ(Findings(InConfigMap()), Lines{});
  const std::string file = WriteFile("map.yaml", InConfigMap());
  const std::vector<std::string> values = {"--set", "lr=0.02", "--set", "momentum=0.9"};
  const std::string inline_file = WriteFile("inline.yaml", kKatib);
  const Outcome inline_job =
      Run({"render", inline_file, values[0], values[1], values[2], values[3]});
  const Outcome job = Run({"render", file, values[0], values[1], values[2], values[3]});
  EXPECT_EQ(job.out, inline_job.out) << job.err;
  const Outcome dry = Run({"apply", "-f", file, "--dry-run"});
  ExpectFails(dry, 0, {});
  EXPECT_LT(dry.out.find("configmap/jobs created (dry run)\n"),
            dry.out.find("experiment.kubeflow.org/random created (dry run)\n"))
      << dry.out;
  EXPECT_NE(dry.out.find("- '--lr=0.01'\n"), std::string::npos) << dry.out;
}

TEST_F(ManifestTest, ApplyLooksForConfigMapsInTheFilesAndTheOperator) {
  const std::string both = InConfigMap();
  const std::size_t end = both.find("---\n");
  const std::string search = WriteFile("search.yaml", both.substr(0, end));
  const Outcome alone = Run({"validate", search});
  EXPECT_EQ(alone.out, "1 object is valid\n");
  ExpectFails(alone, 0, {"warning", "default/jobs is not in these files", "is not checked"});
  ExpectFails(Run({"apply", "-f", search}), 4,
              {"search.yaml:", "there is no ConfigMap default/jobs", "nothing was changed"});
  ExpectFails(Run({"apply", "-f", WriteFile("jobs.yaml", both.substr(end))}), 0, {});
  ExpectFails(Run({"apply", "-f", search, "--dry-run"}), 0, {});
  const Outcome get = Run({"get", "cm"});
  EXPECT_EQ(get.out.substr(0, get.out.find('\n')), "NAME   DATA   AGE") << get.out;
  const std::string immutable = both.substr(end) + "immutable: true\n";
  ExpectFails(Run({"apply", "-f", WriteFile("jobs.yaml", immutable)}), 0, {});
  ExpectFails(
      Run({"apply", "-f", WriteFile("jobs.yaml", Replaced(immutable, "Never", "OnFailure"))}), 4,
      {"immutable"});
}

TEST_F(ManifestTest, WhatIsRightAndNotRunHereIsAWarningOfValidateAndAnErrorOfApply) {
  std::string yaml =
      Replaced(kKatib, "apiVersion: batch/v1", "apiVersion: batch.volcano.sh/v1alpha1");
  yaml = Replaced(yaml, "algorithmName: random", "algorithmName: tpe");
  EXPECT_EQ(Findings(yaml), (Lines{"7 spec.algorithm.algorithmName warning",
                                   "25 spec.trialTemplate.trialSpec.kind warning"}));
  const std::string file = WriteFile("cluster.yaml", yaml);
  ExpectFails(Run({"validate", file}), 0, {"not run by this version on one machine", "volcano"});
  ExpectFails(
      Run({"apply", "-f", file}), 4,
      {"spec.algorithm.algorithmName", "batch.volcano.sh/v1alpha1 Job", "nothing was changed"});
}

TEST_F(ManifestTest, OneObjectStandsInOnePlace) {
  std::filesystem::create_directory(dir_ + "/two");
  const std::string first = WriteFile("two/a.yaml", std::string("# one\n") + kKatib);
  const std::string second = WriteFile("two/b.yml", kKatib);
  WriteFile("two/c.txt", "not: read");
  std::filesystem::create_directory(dir_ + "/two/below");
  WriteFile("two/below/d.yaml", "not: read");
  const std::string said = second + ":4:";
  ExpectFails(
      Run({"validate", dir_ + "/two"}), 4,
      {said, "metadata.name: Experiment default/random is there already, in " + first + ":2"});
  ExpectFails(Run({"validate", first, second}), 4, {said});
  ExpectFails(Run({"validate", "-f", "-"}, std::string(kKatib) + "---\n" + kKatib), 4,
              {"already, in -:1"});
  WriteFile("two/b.yml", Replaced(kKatib, "name: random", "name: other"));
  EXPECT_EQ(Run({"validate", dir_ + "/two"}).out, "2 objects are valid\n");
}

// As `kubectl get -o yaml` writes what it shows.
TEST_F(ManifestTest, WhatOneMachineDoesWithoutIsPassedOverWithAWord) {
  const std::string file = WriteFile(
      "all.yaml",
      "{apiVersion: v1, kind: Namespace, metadata: {name: n}}\n---\n"
      "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {a: b}}\n---\n"
      "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r}}\n---\n"
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}}\n");
  const Outcome applied = Run({"apply", "-f", file});
  EXPECT_EQ(applied.code, 0) << applied.err;
  EXPECT_EQ(applied.out, "configmap/m created\n");
  EXPECT_NE(applied.err.find("all.yaml:1:24: warning: kind: Namespace is passed over: a namespace "
                             "is a name here\n"),
            std::string::npos)
      << applied.err;
  EXPECT_NE(applied.err.find("PersistentVolumeClaim is passed over: a claim is a folder"),
            std::string::npos);
  EXPECT_NE(applied.err.find("Role is passed over"), std::string::npos);
  const Outcome other = Run({"apply", "-f", WriteFile("o.yaml", "{apiVersion: v1, kind: Role}\n")});
  EXPECT_EQ(other.code, 4) << "of another group";
  EXPECT_NE(other.err.find("batch/v1 Job; kubeflow.org/v1 PyTorchJob, TFJob"), std::string::npos)
      << other.err;
}

TEST_F(ManifestTest, AListIsReadAsItsItems) {
  constexpr char kList[] = R"(apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: one}
    data: {a: b}
  - apiVersion: v1
    kind: List
    items:
    - {apiVersion: v1, kind: ConfigMap, metadata: {name: two}, data: {a: b}}
)";
  const std::string file = WriteFile("list.yaml", kList);
  EXPECT_EQ(Run({"validate", file}).out, "2 objects are valid\n");
  ExpectFails(
      Run({"validate", WriteFile("bad.yaml", Replaced(kList, "data: {a: b}}", "dat: {}}"))}), 4,
      {"bad.yaml:12:", "dat: unknown field \"dat\" (did you mean data?)"});
  ExpectFails(Run({"validate", WriteFile("bad.yaml", Replaced(kList, "name: two", "name: one"))}),
              4, {"bad.yaml:12:", "default/one is there already, in ", "bad.yaml:5"});
  EXPECT_EQ(Findings(Replaced(kList, "items:\n  -", "itms: []\nitems:\n  -")),
            std::vector<std::string>{"4 itms error"});
  ExpectFails(Run({"validate", WriteFile("bad.yaml", "apiVersion: v1\nkind: List\nitems: {}\n")}),
              4, {"bad.yaml:3:1: items: expected a list"});
  ExpectFails(Run({"validate", WriteFile("bad.yaml", "apiVersion: v1\nkind: List\nitems: [1]\n")}),
              4, {"bad.yaml:3:9"});

  const Outcome applied = Run({"apply", "-f", file});
  EXPECT_EQ(applied.code, 0) << applied.err;
  EXPECT_EQ(Run({"get", "configmaps", "-o", "name"}).out, "configmap/one\nconfigmap/two\n");
  const std::string again = WriteFile("again.yaml", Run({"get", "configmaps", "-o", "yaml"}).out);
  EXPECT_EQ(Run({"validate", again}).out, "2 objects are valid\n") << "what get prints is read";
  const Outcome deleted = Run({"delete", "-f", file});
  EXPECT_EQ(deleted.code, 0) << deleted.err;
  EXPECT_EQ(Run({"get", "configmaps", "-o", "name"}).out, "");
}

TEST_F(ManifestTest, ExplainSaysWhereTheFieldsOfAJobAre) {
  const Outcome field = Run({"explain", "experiment.spec.trialTemplate.trialSpec"});
  EXPECT_NE(field.out.find("`lockstep explain trainingjob.spec`"), std::string::npos) << field.out;
  ExpectFails(Run({"explain", "experiment.spec.trialTemplate.trialSpec.spec"}), 3,
              {"lockstep explain trainingjob.spec"});
  EXPECT_NE(Run({"explain", "configmap"}).out.find("binaryData"), std::string::npos);
}

TEST_F(ManifestTest, RenderShowsTheJobOfATrial) {
  const std::string file = WriteFile("e.yaml", kKatib);
  const Outcome outcome =
      Run({"render", file, "--set", "lr=0.02", "--set", "momentum=0.9", "--name", "one"});
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, R"(apiVersion: batch/v1
kind: Job
metadata:
  name: one
  namespace: default
spec:
  template:
    spec:
      containers:
      - command:
        - python3
        - /opt/pytorch-mnist/mnist.py
        - '--lr=0.02'
        - '--momentum=0.9'
        image: docker.io/kubeflowkatib/pytorch-mnist-cpu:latest
        name: training-container
      restartPolicy: Never
)");
  const Outcome json = Run({"render", "-f", "-", "--set=momentum=0.9", "--set=lr=0.02",
                            "--namespace=team", "-o", "json"},
                           kKatib);
  const Json meta = Json::parse(json.out, nullptr, false).value("metadata", Json());
  EXPECT_EQ(meta, Json({{"name", "random-sample"}, {"namespace", "team"}})) << json.out << json.err;
  EXPECT_FALSE(std::filesystem::exists(state_dir_)) << "no operator is needed to say so";
}

TEST_F(ManifestTest, RenderShowsTheProcesses) {
  const std::string file = WriteFile("e.yaml", ExperimentYaml("search", "echo ${x}", 1, 4));
  const Outcome outcome = Run({"render", file, "--set", "x=0.5", "--plan", "-o", "json"});
  const Json both = Json::parse(outcome.out, nullptr, false);
  ASSERT_TRUE(both.is_object()) << outcome.out << outcome.err;
  EXPECT_EQ(both["job"]["kind"], "TrainingJob");
  EXPECT_EQ(both["job"]["spec"]["roles"][0]["replicas"], 4);
  const Json& role = both["plan"]["roles"][0];
  EXPECT_EQ(role["ranks"], 4);
  EXPECT_EQ(role["command"], Json({"sh", "-c", "echo 0.5", "0.5"}));
  EXPECT_EQ(role["working_dir"], std::filesystem::current_path().string());
  EXPECT_EQ(both["plan"]["job_dir"], state_dir_ + "/jobs/default/search-sample-00000000/0");
  const Outcome yaml = Run({"render", file, "--set", "x=0.5", "--plan"});
  EXPECT_NE(yaml.out.find("\n---\n{\n  \"job\": \"search-sample-"), std::string::npos) << yaml.out;
}

TEST_F(ManifestTest, RenderNamesWhatHasNoValueAndWhatIsNoParameter) {
  const std::string file = WriteFile("e.yaml", kKatib);
  ExpectFails(Run({"render", file}), 4,
              {"no value for lr, momentum: add --set lr=VALUE --set momentum=VALUE"});
  ExpectFails(Run({"render", file, "--set", "lr=1"}), 4, {"momentum: add --set momentum=VALUE"});
  ExpectFails(Run({"render", file, "--set", "lr=1", "--set", "momentm=1"}), 4,
              {"\"momentm\" (did you mean momentum?): the parameters are lr, momentum"});
  ExpectFails(Run({"render", file, "--set", "lr=1", "--set", "lr=2"}), 4,
              {"--set lr=2: the parameter lr has a value already"});
  ExpectFails(Run({"render", file, "--set", "lr"}), 4, {"--set lr: write NAME=VALUE"});
  ExpectFails(Run({"render", file, "--set=lr=1", "--set=momentum=1", "--name=My Trial"}), 4,
              {"the trial's metadata.name: \"My Trial\" is no name for an object"});
}

TEST_F(ManifestTest, RenderWarnsOfAValueThatTheSearchNeverTries) {
  const std::string file = WriteFile("e.yaml", kKatib);
  const Outcome outcome = Run({"render", file, "--set", "lr=5", "--set", "momentum=0.90"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("'--lr=5'"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.err,
            "lockstep: warning: --set lr=5: outside the feasible space of lr, a double from 0.01 "
            "to 0.05: the search never tries it\n");
  const Outcome plan = Run({"render", file, "--set", "lr=x", "--set", "momentum=0.4", "--plan"});
  EXPECT_NE(plan.err.find("--set lr=x: outside"), std::string::npos) << plan.err;
  EXPECT_NE(plan.err.find("--set momentum=0.4: outside"), std::string::npos) << plan.err;
  EXPECT_EQ(Run({"render", file, "--set", "lr=0.05", "--set", "momentum=5e-1"}).err, "");
}

TEST_F(ManifestTest, RenderWantsOneExperimentOrJob) {
  const std::string two = std::string(kKatib) + "---\n" + Replaced(kKatib, "random", "other");
  ExpectFails(Run({"render", WriteFile("two.yaml", two)}), 4, {"two.yaml holds 2 Experiments"});
  ExpectFails(Run({"render", WriteFile("none.yaml",
                                       "{apiVersion: v1, kind: ConfigMap, metadata: "
                                       "{name: c}}")}),
              4, {"none.yaml holds no Experiment"});
  ExpectFails(Run({"render", dir_ + "/nowhere.yaml"}), 3, {"nowhere.yaml"});
  ExpectFails(Run({"render", WriteFile("bad.yaml", Replaced(kKatib, "random}", "randm}"))}), 4,
              {"bad.yaml:7:", "did you mean random?"});
}

}  // namespace
}  // namespace lockstep
