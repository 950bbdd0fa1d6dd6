// Katib's recorded answers (tests/conformance/data/validate and render) against ours. Where we
// differ, the case stands in a table with the reason, which is printed; a case that agrees must not
// stand there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/convert/trial_template.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::map<std::string, std::string> Differences(const std::string& name) {
  std::ifstream file(fs::path(LOCKSTEP_SOURCE_DIR) / "tests/operators/admission" / name);
  std::map<std::string, std::string> reasons;
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) reasons[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return reasons;
}

fs::path Data(const std::string& suite) {
  return fs::path(LOCKSTEP_SOURCE_DIR) / "tests/conformance/data" / suite;
}

std::vector<std::string> Cases(const std::string& suite) {
  constexpr std::string_view kSuffix = ".expected.json";
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(Data(suite))) {
    const std::string file = entry.path().filename().string();
    if (file.size() > kSuffix.size() && file.ends_with(kSuffix)) {
      names.push_back(file.substr(0, file.size() - kSuffix.size()));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Answer {
  std::vector<Finding> findings;
  std::optional<Object> object;
};

Answer Refusal(const std::string& message) {
  return {{Finding{Finding::Severity::kError, "", {}, message}}, {}};
}

Answer Ask(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "case.yaml");
  if (!documents.ok()) return Refusal(documents.status().message());
  for (const Document& document : *documents) {
    if (!document.value.is_object() || document.value.value("kind", "") != "Experiment") continue;
    auto decoded = Decode(document);
    if (!decoded.ok()) return Refusal(decoded.status().message());
    SetDefaults(decoded->object);
    std::vector<Finding> findings = decoded->findings;
    for (Finding& finding : Validate(decoded->object, document)) findings.push_back(finding);
    return {findings, decoded->object};
  }
  return Refusal("no Experiment");
}

bool Related(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() || a.rfind(b, 0) == 0 || b.rfind(a, 0) == 0;
}

// "" when we agree with Katib.
std::string Compare(const std::string& name) {
  const Json expected = Json::parse(Read(Data("validate") / (name + ".expected.json")));
  Answer answer = Ask(Read(Data("validate") / (name + ".yaml")));
  if (const fs::path old = Data("validate") / (name + ".old.yaml"); fs::exists(old)) {
    Answer before = Ask(Read(old));
    if (before.object && answer.object) {
      for (Finding& finding : ValidateUpdate(*before.object, *answer.object, Document{})) {
        answer.findings.push_back(finding);
      }
    }
  }
  const bool accepted = answer.findings.empty();
  if (accepted != expected.at("accepted").get<bool>()) {
    return accepted ? "we accept; Katib: " + expected.value("message", "")
                    : "we refuse: " + FormatFinding("case.yaml", answer.findings.front());
  }
  if (accepted) {
    const Json ours = EncodeObject(*answer.object).at("spec");
    Json theirs = expected.at("defaulted").at("spec");
    for (const char* const part : {"objective", "parameters", "metricsCollectorSpec"}) {
      if (ours.value(part, Json()) != theirs.value(part, Json())) {
        return std::string(part) + " defaults differ: " + ours.value(part, Json()).dump();
      }
    }
    return "";
  }
  for (const Json& error : expected.value("errors", Json::array())) {
    const std::string field = error.at("field");
    bool found = false;
    for (const Finding& finding : answer.findings) found |= Related(finding.path, field);
    if (!found) return "nothing is said about " + field;
  }
  return "";
}

template <class CompareCase>
void RunSuite(const std::string& suite, CompareCase compare) {
  const std::map<std::string, std::string> differences = Differences(suite + "_differences.txt");
  int agree = 0, differ = 0;
  for (const std::string& name : Cases(suite)) {
    const std::string difference = compare(name);
    const auto reason = differences.find(name);
    if (difference.empty()) {
      ++agree;
      EXPECT_EQ(reason, differences.end()) << name << " agrees: strike it from the table";
    } else if (reason != differences.end()) {
      ++differ;
      std::cout << "differs on purpose: " << name << ": " << reason->second << "\n";
    } else {
      ADD_FAILURE() << name << ": " << difference;
    }
  }
  std::cout << suite << ": " << agree << " agree, " << differ << " differ on purpose\n";
  EXPECT_GT(agree, 0);
}

TEST(KatibConformance, Validate) { RunSuite("validate", Compare); }

std::string CompareRender(const std::string& name) {
  const Json expected = Json::parse(Read(Data("render") / (name + ".expected.json")));
  const Json args = Json::parse(Read(Data("render") / (name + ".args.json")));
  const auto documents = ParseYaml(Read(Data("render") / (name + ".yaml")), name);
  if (!documents.ok()) return documents.status().message();
  const auto decoded = Decode(documents->front());
  if (!decoded.ok()) return decoded.status().message();
  std::vector<ParameterAssignment> assignments;
  for (const Json& assignment : args.at("assignments")) {
    assignments.push_back({assignment.at("name"), assignment.at("value")});
  }
  const auto rendered = RenderTrial({*std::get<Experiment>(decoded->object).spec.trial_template,
                                     args.at("trialName"), args.at("trialNamespace"), assignments});
  if (!rendered.ok()) return expected.contains("error") ? "" : rendered.status().message();
  if (expected.contains("error")) return "Katib: " + expected.at("error").get<std::string>();
  for (const Json& variant : expected.value("variants", Json::array({expected}))) {
    if (variant.value("rendered", Json()) == *rendered) return "";
  }
  return "rendered " + rendered->dump();
}

TEST(KatibConformance, Render) { RunSuite("render", CompareRender); }

}  // namespace
}  // namespace lockstep
