#include "operators/admission/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "operators/api/defaults.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

std::string Valid() {
  std::stringstream text;
  text << std::ifstream(LOCKSTEP_SOURCE_DIR "/tests/conformance/data/validate/m_valid_base.yaml")
              .rdbuf();
  return text.str();
}

// What a user would read about `yaml`, one line a finding.
std::string Say(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "e.yaml");
  if (!documents.ok()) return documents.status().message();
  std::string lines;
  for (const Document& document : *documents) {
    auto decoded = Decode(document);
    if (!decoded.ok()) return decoded.status().message();
    SetDefaults(decoded->object);
    for (const Finding& finding : decoded->findings)
      lines += FormatFinding("e.yaml", finding) + "\n";
    for (const Finding& finding : Validate(decoded->object, document)) {
      lines += FormatFinding("e.yaml", finding) + "\n";
    }
  }
  return lines;
}

std::string Changed(const std::string& from, const std::string& to) {
  std::string yaml = Valid();
  const std::size_t at = yaml.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return yaml.replace(at, from.size(), to);
}

TEST(Validate, AcceptsAnExperimentThatCanRun) { EXPECT_EQ(Say(Valid()), ""); }

TEST(Validate, NamesTheFieldThePlaceAndTheReason) {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"type: minimize", "type: minimise",
       "e.yaml:8:11: spec.objective.type: \"minimise\" is not a known objective type (did you mean "
       "minimize?): use minimize, maximize"},
      {"maxTrialCount: 12", "maxTrialCount: 2.0", "expected a whole number, found the number 2.0"},
      {"goal: 0.001", "goal: small", "expected a number, found the string \"small\""},
      {"name: m-valid-base", "name: 7", "metadata.name: expected a string, found the number 7"},
      {"min: '0.01'", "min: '0.5'", "0.5 is more than max, 0.05"},
      {"min: '1'", "min: 010", "YAML reads 010 as 8"},
      {"restartPolicy: Never", "volumes: [{name: v}]", "spec.template.spec.volumes: not supported"},
      {"--opt=${trialParameters.opt}", "--opt=${trialParameters.opt}${trialParameters.x}",
       "the placeholder ${trialParameters.x} has no entry"},
      {"kind: Experiment", "kind: Experimnt", "did you mean Experiment?"},
      {"maxTrialCount: 12", "earlyStopping: {algorithmName: medianstop}", "not supported yet"},
  };
  EXPECT_EQ(Say(Changed("min: '0.01'", "min: 0.010")), "");
  for (const auto& [from, to, said] : table) EXPECT_THAT(Say(Changed(from, to)), HasSubstr(said));
  EXPECT_THAT(Say("just text"), HasSubstr("expected an object"));
}

// Whatever the manifest: an answer.
TEST(Validate, AnswersWhateverTheManifest) {
  constexpr unsigned kSeed = 11;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const std::vector<std::string> pieces = {
      "null", "[]", "{}", "-1", "'x'", "[[1]]", "1e300", "", "${trialSpec.Labels[a/b]}", "true"};
  const std::string valid = Valid();
  for (int round = 0; round < 1500; ++round) {
    std::string yaml = valid;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      const std::size_t colon = yaml.find(": ", random() % yaml.size());
      if (colon == std::string::npos) continue;
      const std::size_t end = yaml.find('\n', colon);
      yaml.replace(colon + 2, end - colon - 2, pieces[random() % pieces.size()]);
    }
    (void)Say(yaml);
  }
}

}  // namespace
}  // namespace lockstep
