// Katib's recorded answers (tests/conformance/data/validate and render) against ours. Where we
// differ, the case stands in a table with the reason, which is printed; a case that agrees must not
// stand there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/convert/trial_template.h"
#include "tests/conformance/recorded_verdict.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

struct Answer {
  std::vector<Finding> findings;
  std::optional<Object> object;
};

Answer Refusal(const std::string& message) {
  return {{Finding{Finding::Severity::kError, "", {}, message}}, {}};
}

// The ConfigMaps of a YAML text.
ConfigMapLookup MapsIn(const std::string& yaml) {
  std::map<ObjectKey, ConfigMap> maps;
  const auto documents = ParseYaml(yaml, "maps.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  for (const Document& document : *documents) {
    const auto decoded = Decode(document);
    EXPECT_TRUE(decoded.ok()) << decoded.status().message();
    maps.emplace(KeyOf(decoded->object), std::get<ConfigMap>(decoded->object));
  }
  return [maps](const std::string& namespace_, const std::string& name) -> Result<ConfigMap> {
    const auto found = maps.find({ConfigMap::kKind, namespace_, name});
    if (found == maps.end()) return NotFound("no ConfigMap " + name);
    return found->second;
  };
}

// What the recording's cluster held.
constexpr char kTrialTemplates[] = R"(apiVersion: v1
kind: ConfigMap
metadata: {name: trial-templates, namespace: kubeflow}
data:
  defaultTrialTemplate.yaml: |-
    apiVersion: batch/v1
    kind: Job
    spec:
      template:
        spec:
          containers:
            - name: training-container
              image: docker.io/kubeflowkatib/pytorch-mnist-cpu:latest
              command: [python3, /opt/pytorch-mnist/mnist.py, "--epochs=1", "--batch-size=16",
                        "--lr=${trialParameters.learningRate}",
                        "--momentum=${trialParameters.momentum}"]
          restartPolicy: Never
)";

// What is wrong, whoever runs it: `lockstep validate` only warns of what this version cannot run.
std::vector<Finding> Faults(const std::vector<Finding>& findings) {
  std::vector<Finding> faults;
  for (const Finding& finding : findings) {
    if (!finding.unsupported && finding.severity == Finding::Severity::kError) {
      faults.push_back(finding);
    }
  }
  return faults;
}

Answer Ask(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "case.yaml");
  if (!documents.ok()) return Refusal(documents.status().message());
  for (const Document& document : *documents) {
    if (!document.value.is_object() || document.value.value("kind", "") != "Experiment") continue;
    auto decoded = Decode(document);
    if (!decoded.ok()) return Refusal(decoded.status().message());
    SetDefaults(decoded->object);
    return {Faults(WithRules(decoded->findings,
                             Validate(decoded->object, document, MapsIn(kTrialTemplates)))),
            decoded->object};
  }
  return Refusal("no Experiment");
}

// Whether `path` is `field` or inside it.
bool Inside(const std::string& path, const std::string& field) {
  return path.starts_with(field) &&
         (path.size() == field.size() || path[field.size()] == '.' || path[field.size()] == '[');
}

// "refuses" with every path we find fault with.
std::string Refuses(const std::vector<Finding>& findings) {
  std::set<std::string> paths;
  for (const Finding& finding : findings) {
    paths.insert(finding.path.empty() ? "the text" : finding.path);
  }
  std::string text = "refuses";
  for (const std::string& path : paths) text += " " + path;
  return text;
}

// "" when we agree with Katib; else what we do.
std::string Compare(const std::string& name) {
  const Json expected = ReadRecordedJson(RecordedFolder("validate") / (name + ".expected.json"));
  Answer answer = Ask(ReadRecordedText(RecordedFolder("validate") / (name + ".yaml")));
  if (const fs::path old = RecordedFolder("validate") / (name + ".old.yaml"); fs::exists(old)) {
    Answer before = Ask(ReadRecordedText(old));
    if (before.object && answer.object) {
      for (Finding& finding : ValidateUpdate(*before.object, *answer.object, Document{})) {
        answer.findings.push_back(finding);
      }
    }
  }
  const bool accepted = answer.findings.empty();
  if (accepted != expected.at("accepted").get<bool>()) {
    return accepted ? "accepts" : Refuses(answer.findings);
  }
  if (accepted) {
    const Json ours = EncodeObject(*answer.object).at("spec");
    const Json& theirs = expected.at("defaulted").at("spec");
    for (const Json& step : Json::diff(theirs, ours)) {
      // Go writes a struct that is empty (`resources: {}`), which says nothing.
      const Json::json_pointer place(step.at("path").get<std::string>());
      if (step.at("op") == "remove" && theirs.at(place) == Json::object()) continue;
      return "defaults " + step.at("path").get<std::string>();
    }
    return "";
  }
  const Json errors = expected.value("errors", Json());
  for (const Json& error : errors.is_array() ? errors : Json::array()) {
    const std::string field = error.at("field");
    if (std::ranges::none_of(answer.findings,
                             [&](const Finding& f) { return Inside(f.path, field); })) {
      return Refuses(answer.findings) + " and not " + field;
    }
  }
  return "";
}

// How much of a set may differ. Stricter: only where Katib would crash, hang or drop something in
// silence later. Laxer: only what is harmless.
void ExpectWithinBars(const std::string& suite, int cases, int stricter, int laxer) {
  constexpr int kStricterPercentMax = 15;
  constexpr int kLaxerPercentMax = 10;
  std::cout << suite << ": of " << cases << " cases Katib takes " << stricter
            << " that we refuse, and refuses " << laxer << " that we take\n";
  EXPECT_LE(stricter * 100, cases * kStricterPercentMax);
  EXPECT_LE(laxer * 100, cases * kLaxerPercentMax);
}

template <class CompareCase>
void RunSuite(const std::string& suite, CompareCase compare) {
  const auto differences =
      RecordedDifferences("tests/operators/admission/" + suite + "_differences.txt");
  RecordedTally tally{.set = suite};
  int stricter = 0;
  int laxer = 0;
  for (const std::string& name : RecordedCases(suite)) {
    const std::string how = compare(name);
    stricter += how.starts_with("refuses") && how.find(" and not ") == std::string::npos ? 1 : 0;
    laxer += how == "accepts" ? 1 : 0;
    JudgeRecorded(name, how, differences, &tally);
  }
  tally.Print();
  if (suite == "validate") {
    ExpectWithinBars(suite, tally.agree + tally.differ + tally.fail, stricter, laxer);
  }
  if (RecordedElsewhere()) return;
  EXPECT_EQ(tally.differ, static_cast<int>(differences.size()))
      << "the table names cases that are gone";
  EXPECT_GT(tally.agree, 0);
}

TEST(KatibConformance, Validate) { RunSuite("validate", Compare); }

std::string CompareRender(const std::string& name) {
  const Json expected = ReadRecordedJson(RecordedFolder("render") / (name + ".expected.json"));
  const Json args = ReadRecordedJson(RecordedFolder("render") / (name + ".args.json"));
  const auto documents =
      ParseYaml(ReadRecordedText(RecordedFolder("render") / (name + ".yaml")), name);
  if (!documents.ok()) return documents.status().message();
  const auto decoded = Decode(documents->front());
  if (!decoded.ok()) return decoded.status().message();
  const TrialTemplate& trial_template = *std::get<Experiment>(decoded->object).spec.trial_template;
  const bool recorded_refusal = expected.contains("error");
  std::vector<ParameterAssignment> assignments;
  for (const Json& assignment : args.at("assignments")) {
    assignments.push_back({assignment.at("name"), assignment.at("value")});
  }
  const auto rendered = RenderTrial(
      {trial_template, args.at("trialName"), args.at("trialNamespace"), assignments,
       MapsIn(ReadRecordedText(RecordedFolder("render").parent_path() / "render-templates.yaml"))});
  if (!rendered.ok()) return recorded_refusal ? "" : "refuses";
  if (recorded_refusal) return "renders";
  for (const Json& variant : expected.value("variants", Json::array({expected}))) {
    if (variant.value("rendered", Json()) == *rendered) return "";
  }
  return "renders " + rendered->dump();
}

TEST(KatibConformance, Render) { RunSuite("render", CompareRender); }

}  // namespace
}  // namespace lockstep
