// v1alpha3 Experiments in the shapes of Katib's own examples (tests/conformance/data/v1alpha3):
// what they become, and the job of a first trial, are NAME.golden.yaml. Run with
// LOCKSTEP_WRITE_GOLDEN=1 to write those files anew.
#include "operators/convert/katib_v1alpha3.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "operators/convert/trial_template.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kFolder = fs::path(LOCKSTEP_SOURCE_DIR) / "tests/conformance/data/v1alpha3";

std::string Read(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with(".golden.yaml")) names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

ConvertedExperiment Convert(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "a.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  if (!documents.ok() || documents->size() != 1) return {};
  EXPECT_TRUE(IsKatibV1alpha3(documents->front()));
  return ConvertKatibV1alpha3(documents->front());
}

// The findings, a line each, without the one that says that there was a conversion.
std::string Said(const std::vector<Finding>& findings) {
  std::string lines;
  for (const Finding& finding : findings) {
    if (finding.path != "apiVersion") lines += FormatFinding("a.yaml", finding) + "\n";
  }
  return lines;
}

// With the smallest or first value of each parameter.
Result<Json> FirstTrial(const Experiment& experiment) {
  std::vector<ParameterAssignment> assignments;
  for (const ParameterSpec& parameter : experiment.spec.parameters) {
    const FeasibleSpace& space = *parameter.feasible_space;
    assignments.push_back({parameter.name, space.list.empty() ? space.min : space.list.front()});
  }
  const TrialTemplate& trial_template = *experiment.spec.trial_template;
  for (const TrialParameterSpec& parameter : trial_template.trial_parameters) {
    const bool search = experiment.spec.nas_config && !parameter.reference.starts_with("$");
    if (search) assignments.push_back({parameter.reference, "{'a': [1]}"});
  }
  return RenderTrial({trial_template, experiment.meta.name + "-1", "kubeflow", assignments});
}

class KatibV1alpha3Golden : public testing::TestWithParam<std::string> {};

TEST_P(KatibV1alpha3Golden, BecomesAV1beta1ExperimentWhoseTrialsRender) {
  const ConvertedExperiment converted = Convert(Read(kFolder / (GetParam() + ".yaml")));
  for (const Finding& finding : converted.findings) {
    EXPECT_EQ(finding.severity, Finding::Severity::kWarning) << FormatFinding("", finding);
  }
  const auto decoded = Decode(converted.document);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(Said(decoded->findings), "");
  const auto job = FirstTrial(std::get<Experiment>(decoded->object));
  ASSERT_TRUE(job.ok()) << job.status().message();
  std::string text = ToYaml(converted.document.value) + "---\n" + ToYaml(*job);
  std::istringstream said(Said(converted.findings));
  for (std::string line; std::getline(said, line);) text += "# " + line + "\n";
  const fs::path golden = kFolder / (GetParam() + ".golden.yaml");
  if (std::getenv("LOCKSTEP_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << text;
  EXPECT_EQ(text, Read(golden));
}

INSTANTIATE_TEST_SUITE_P(Files, KatibV1alpha3Golden, testing::ValuesIn(Names()),
                         [](const auto& file) {
                           std::string name = file.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// shell.yaml with `from` replaced by `to`.
std::string Changed(const std::string& from, const std::string& to) {
  std::string yaml = Read(kFolder / "shell.yaml");
  const std::size_t at = yaml.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? yaml : yaml.replace(at, from.size(), to);
}

TEST(KatibV1alpha3, SaysWhatIsWrongAndOnWhichLineOfTheFile) {
  const std::vector<std::array<std::string, 3>> cases = {
      {"{{.Experiment}}", "{{.Experimemt}}",
       "a.yaml:33:46: spec.trialTemplate.goTemplate.rawTemplate: .Experimemt: there is no field "
       "Experimemt (did you mean Experiment?)"},
      {"accuracy={{.Value}}", "{{if eq .Value \"1\"}}a{{end}}",
       "eq depends on ${trialParameters.x}, which is known only when a trial starts"},
      {"kind: Job", "kind: CronJob",
       "a.yaml:19:15: spec.trialTemplate.trialSpec.kind: \"batch/v1 CronJob\" is not a kind of job "
       "that v1alpha3 knows: use batch/v1 Job, kubeflow.org/v1 TFJob, kubeflow.org/v1 PyTorchJob"},
      {"name: {{.Trial}}", "name: my-job",
       "a.yaml:21:17: spec.trialTemplate.trialSpec.metadata.name: must be {{.Trial}}"},
      {"namespace: {{.NameSpace}}", "namespace: kubeflow",
       "a.yaml:22:22: spec.trialTemplate.trialSpec.metadata.namespace: must be {{.NameSpace}}"},
      {"          backoffLimit", "         backoffLimit: 1\n          backoffLimit",
       "spec.trialTemplate.goTemplate.rawTemplate: the rendered job is no YAML: "},
      {"spec:\n", "spec:\n  earlyStopping: {algorithmName: medianstop}\n",
       "a.yaml:6:3: spec.earlyStopping: is not a field of v1alpha3"},
      {"max: \"0.9\"", "max: \"0.9\", distribution: logNormal",
       "spec.parameters[0].feasibleSpace.distribution: is not a field of v1alpha3"},
      {"    goTemplate:", "    primaryContainerName: main\n    goTemplate:",
       "spec.trialTemplate.primaryContainerName: is not a field of v1alpha3"},
      {"kind: Experiment", "kind: Trial",
       "a.yaml:2:7: kind: \"Trial\" of kubeflow.org/v1alpha3 is not read"},
  };
  for (const auto& [from, to, expected] : cases) {
    EXPECT_THAT(Said(Convert(Changed(from, to)).findings), HasSubstr(expected)) << to;
  }
}

// The Go template of random.yaml in a ConfigMap.
TEST(KatibV1alpha3, TakesATemplateFromAConfigMap) {
  const std::string yaml = Read(kFolder / "random.yaml");
  const Document whole = ParseYaml(yaml, "a.yaml")->front();
  const Json raw = whole.value.at(Json::json_pointer("/spec/trialTemplate/goTemplate/rawTemplate"));
  const ConfigMapLookup maps = [&](const std::string& namespace_,
                                   const std::string& name) -> Result<ConfigMap> {
    ConfigMap map;
    map.data["k"] = map.data["defaultTrialTemplate.yaml"] = raw.get<std::string>();
    if (namespace_ + "/" + name == "kubeflow/trial-template" || name == "m") return map;
    return NotFound("no ConfigMap " + namespace_ + "/" + name);
  };
  const Json wanted =
      Convert(yaml).document.value.at(Json::json_pointer("/spec/trialTemplate/trialSpec"));
  const auto with = [&](const Json& trial_template) {
    Document document = whole;
    document.value["spec"]["trialTemplate"] = trial_template;
    if (trial_template.is_null()) document.value["spec"].erase("trialTemplate");
    return ConvertKatibV1alpha3(document, maps);
  };
  const auto source = [](const std::string& name, const std::string& key) {
    return Json{
        {"goTemplate",
         {{"templateSpec",
           {{"configMapName", name}, {"configMapNamespace", "n"}, {"templatePath", key}}}}}};
  };
  const ConvertedExperiment named = with(source("m", "k"));
  EXPECT_FALSE(HasErrors(named.findings)) << Said(named.findings);
  EXPECT_EQ(named.document.value.at(Json::json_pointer("/spec/trialTemplate/trialSpec")), wanted);
  const ConvertedExperiment by_default = with(nullptr);
  EXPECT_FALSE(HasErrors(by_default.findings)) << Said(by_default.findings);
  EXPECT_EQ(by_default.document.value.at(Json::json_pointer("/spec/trialTemplate/trialSpec")),
            wanted);
  EXPECT_EQ(by_default.document.value.at(Json::json_pointer("/spec/trialTemplate/retain")), true);
  EXPECT_THAT(Said(with(source("m", "no")).findings),
              HasSubstr("the ConfigMap n/m has no key \"no\""));
  EXPECT_THAT(Said(with(source("other", "k")).findings),
              HasSubstr("spec.trialTemplate.goTemplate.templateSpec: the Go template of a trial's "
                        "job is in the ConfigMap n/other, which is not here"));
}

TEST(KatibV1alpha3, NamesAParameterThatTheTemplateDoesNotPrint) {
  const std::string said = Said(Convert(Changed("  parameters:\n",
                                                "  parameters:\n"
                                                "  - name: y\n"
                                                "    parameterType: int\n"
                                                "    feasibleSpace: {min: 1, max: 2}\n"))
                                    .findings);
  EXPECT_EQ(said, "");  // range prints all of them
  EXPECT_THAT(
      Said(Convert(Changed("    - \"{{.Name}}={{.Value}}\"", "    - \"{{.Name}}\"")).findings),
      "");  // it is printed on the line above as well
  std::string yaml = Changed("accuracy={{.Value}}", "");
  yaml.replace(yaml.find("={{.Value}}"), 11, "");
  EXPECT_EQ(Said(Convert(yaml).findings),
            "a.yaml:12:5: spec.parameters[0]: \"x\" reaches no trial: goTemplate never prints its "
            ".Value\n");
}

TEST(KatibV1alpha3, KeepsThePlacesOfTheTemplatesLines) {
  const ConvertedExperiment converted = Convert(Read(kFolder / "shell.yaml"));
  const auto place = [&](const std::string& pointer) {
    const Position position = converted.document.MarkOf(pointer).position;
    return std::pair(position.line, position.column);
  };
  const std::string spec = "/spec/trialTemplate/trialSpec";
  EXPECT_EQ(place(spec + "/spec/backoffLimit"), std::pair(24, 25));
  EXPECT_EQ(place(spec + "/spec/template/spec/restartPolicy"), std::pair(39, 30));
  EXPECT_EQ(place("/spec/parameters/0/name"), std::pair(12, 11));
}

TEST(KatibV1alpha3, TakesAnythingForASpecAndLeavesItToTheDecoder) {
  for (const char* const spec :
       {"[]", "1", "a", "null", "{parameters: a, trialTemplate: 1}",
        "{parameters: [1], objective: [], trialTemplate: {goTemplate: []}}",
        "{parameters: {a: b}, trialTemplate: {goTemplate: {rawTemplate: \"\"}}}",
        "{algorithm: [], metricsCollectorSpec: [], trialTemplate: {goTemplate: {rawTemplate: a}}}",
        "{metricsCollectorSpec: {source: 1, collector: a}, trialTemplate: {goTemplate: "
        "{rawTemplate: \"{kind: Job, apiVersion: batch/v1, metadata: {name: [1]}}\"}}}"}) {
    const ConvertedExperiment converted =
        Convert("apiVersion: kubeflow.org/v1alpha3\nkind: Experiment\nspec: " + std::string(spec));
    EXPECT_TRUE(Decode(converted.document).ok()) << spec;
  }
}

}  // namespace
}  // namespace lockstep
