// What the training operators' webhooks said of manifests (tests/conformance/data/operators/
// admission) against what we find. What they refuse, we refuse. What they take and we do not stands
// in operators_admission_differences.txt, with what would become of it there; that this version
// cannot run a job on one machine (it names no program) is no refusal of the manifest.
//
// What may change of a job that is there is another matter, and not compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <stdexcept>

#include "operators/convert/convert.h"
#include "operators/convert/runtime_template.h"
#include "tests/conformance/recorded_verdict.h"

namespace lockstep {
namespace {

constexpr char kSet[] = "operators/admission";

// An MPIJob has no webhook: what its operator does not run is told by an event alone.
bool IsTaken(const Json& expected) {
  for (const Json& event : expected.value("events", Json::array())) {
    const std::string reason = event.value("reason", "");
    if (reason == "MPIJobFailedValidation" || reason == "ValidationError") return false;
  }
  return expected.at("create").at("accepted");
}

// What we find in a job, or in a runtime of jobs.
std::vector<Finding> FindingsOf(const Document& document) {
  if (document.value.at("kind") != "TrainingRuntime") {
    auto converted = ConvertToTrainingJob(document);
    if (!converted.ok()) throw std::runtime_error(converted.status().message());
    return std::move(converted->findings);
  }
  FindingList findings(&document);
  ReadRuntimeTemplate(document.value, findings);
  return findings.Take();
}

// "" when we say the same; else what we do.
std::string Compare(const Json& expected, const std::vector<Finding>& findings) {
  std::set<std::string> paths;
  for (const Finding& finding : findings) {
    if (finding.severity != Finding::Severity::kError || finding.unsupported) continue;
    paths.insert(finding.path);
    std::cout << FormatFinding("case", finding) << "\n";
  }
  const bool taken = IsTaken(expected);
  if (taken == paths.empty()) return "";
  if (paths.empty()) return "accepts";
  std::string text = "refuses";
  for (const std::string& path : paths) text += " " + path;
  return text;
}

class OperatorsAdmission : public ::testing::TestWithParam<std::string> {
 public:
  static void SetUpTestSuite() {
    known_ = RecordedDifferences("tests/operators/convert/operators_admission_differences.txt");
  }
  static void TearDownTestSuite() {
    tally_.Print();
    if (!RecordedElsewhere()) {
      EXPECT_EQ(tally_.differ, static_cast<int>(known_.size()))
          << "the table names cases that are gone, or agree";
    }
  }

 protected:
  static inline std::map<std::string, RecordedDifference> known_;
  static inline RecordedTally tally_ = {.set = kSet};
};

TEST_P(OperatorsAdmission, SaysTheSame) {
  const std::string& name = GetParam();
  const auto folder = RecordedFolder(kSet);
  const auto documents = ParseYaml(ReadRecordedText(folder / (name + ".yaml")), name + ".yaml");
  ASSERT_TRUE(documents.ok()) << documents.status().message();
  const std::string how =
      Compare(ReadRecordedJson(folder / (name + ".expected.json")), FindingsOf(documents->back()));
  EXPECT_NE(how, "accepts") << "what an operator refuses is refused";
  JudgeRecorded(name, how, known_, &tally_);
}

std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, OperatorsAdmission, ::testing::ValuesIn(RecordedCases(kSet)),
                         TestName);

}  // namespace
}  // namespace lockstep
