// Annotations that say what a user wants, where they stand in the user's text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

// What a user would read about a valid Experiment in which `from` became `to`.
std::string Say(const std::string& from, const std::string& to) {
  std::stringstream text;
  text << std::ifstream(LOCKSTEP_SOURCE_DIR "/tests/conformance/data/validate/m_valid_base.yaml")
              .rdbuf();
  std::string yaml = text.str();
  const std::size_t at = yaml.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  const auto documents = ParseYaml(yaml.replace(at, from.size(), to), "e.yaml");
  if (!documents.ok()) return documents.status().message();
  auto decoded = Decode(documents->front());
  if (!decoded.ok()) return decoded.status().message();
  SetDefaults(decoded->object);
  std::string lines;
  for (const Finding& finding : Validate(decoded->object, documents->front()))
    lines += FormatFinding("e.yaml", finding) + "\n";
  return lines;
}

std::string OfExperiment(const std::string& annotation) {
  return Say("name: m-valid-base", "name: m-valid-base\n  annotations: {" + annotation + "}");
}
std::string OfTrialSpec(const std::string& annotation) {
  return Say("kind: Job", "kind: Job\n      metadata: {annotations: {" + annotation + "}}");
}

TEST(IntentRules, AcceptWhatSaysSomething) {
  EXPECT_EQ(OfExperiment("lockstep.dev/deadline: 90m, lockstep.dev/suspend: 'true'"), "");
  EXPECT_EQ(OfExperiment("example.com/suspend: maybe"), "");
  EXPECT_EQ(OfTrialSpec("lockstep.dev/deadline: 1h30m"), "");
}

TEST(IntentRules, NameThePathTheValueAndTheNextStep) {
  const std::string deadline = OfExperiment("lockstep.dev/deadline: soon");
  EXPECT_THAT(deadline, HasSubstr("metadata.annotations[lockstep.dev/deadline]: \"soon\" is no "
                                  "duration: write 30s, 90m"));
  EXPECT_THAT(deadline, HasSubstr("e.yaml:")) << "with its place";
  EXPECT_THAT(OfExperiment("lockstep.dev/supend: 'true'"),
              HasSubstr("did you mean lockstep.dev/suspend?"));
  EXPECT_THAT(OfTrialSpec("lockstep.dev/deadline: 0s"),
              HasSubstr("spec.trialTemplate.trialSpec.metadata.annotations"));
  EXPECT_THAT(OfTrialSpec("lockstep.dev/cancel: slow"), HasSubstr("it is for Experiment, Trial"));
}

}  // namespace
}  // namespace lockstep
