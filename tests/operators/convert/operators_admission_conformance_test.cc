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

#include "operators/convert/convert.h"
#include "tests/conformance/recorded_cases.h"

namespace lockstep {
namespace {

constexpr char kSet[] = "operators/admission";

// Kinds that have no spoke yet: strike a row, and its cases are run.
const std::map<std::string, std::string> kSkipped = {
    {"mpi1-", "kubeflow.org/v1 MPIJob is not converted yet"},
    {"mpi2-", "kubeflow.org/v2beta1 MPIJob is not converted yet"},
    {"rt-", "trainer.kubeflow.org runtimes are not read yet"},
    {"tj-", "trainer.kubeflow.org TrainJob is not converted yet"},
};

// "" when we say the same; else what we do.
std::string Compare(const Json& expected, const Converted& converted) {
  std::set<std::string> paths;
  for (const Finding& finding : converted.findings) {
    if (finding.severity != Finding::Severity::kError || finding.unsupported) continue;
    paths.insert(finding.path);
    std::cout << FormatFinding("case", finding) << "\n";
  }
  const bool taken = expected.at("create").at("accepted");
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
    if (skipped_ > 0) std::cout << kSet << ": " << skipped_ << " more cases are skipped\n";
    if (!RecordedElsewhere()) {
      EXPECT_EQ(tally_.differ, static_cast<int>(known_.size()))
          << "the table names cases that are gone, or agree";
    }
  }

 protected:
  static inline std::map<std::string, RecordedDifference> known_;
  static inline RecordedTally tally_ = {.set = kSet};
  static inline int skipped_ = 0;
};

TEST_P(OperatorsAdmission, SaysTheSame) {
  const std::string& name = GetParam();
  for (const auto& [prefix, why] : kSkipped) {
    if (!name.starts_with(prefix)) continue;
    ++skipped_;
    GTEST_SKIP() << name << ": " << why;
  }
  const auto folder = RecordedFolder(kSet);
  const auto documents = ParseYaml(ReadRecordedText(folder / (name + ".yaml")), name + ".yaml");
  ASSERT_TRUE(documents.ok()) << documents.status().message();
  const auto converted = ConvertToTrainingJob(documents->back());
  ASSERT_TRUE(converted.ok()) << converted.status().message();
  const std::string how = Compare(ReadRecordedJson(folder / (name + ".expected.json")), *converted);
  const auto known = known_.find(name);
  EXPECT_NE(how, "accepts") << "what an operator refuses is refused";
  if (how.empty()) {
    ++tally_.agree;
    EXPECT_EQ(known, known_.end()) << name << " agrees: strike it from the table";
  } else if (known != known_.end()) {
    ++tally_.differ;
    EXPECT_EQ(how, known->second.how);
    std::cout << "differs on purpose: " << name << ": " << known->second.why << "\n";
  } else {
    ++tally_.fail;
    ADD_FAILURE() << name << " | " << how << " | ";
  }
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
