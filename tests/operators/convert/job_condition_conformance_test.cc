// What Katib v0.19.0's trial controller makes of a job's status under GJSON conditions
// (tests/conformance/data/semantics/jobstatus_*), against JudgeJob. Where we differ on purpose the
// output says so by name.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "operators/convert/job_condition.h"
#include "tests/conformance/recorded_cases.h"

namespace lockstep {
namespace {

struct Difference {
  std::string why;
  std::string ours;
};

const std::map<std::string, Difference>& Differences() {
  static const std::map<std::string, Difference> kTable = {
      {"jobstatus_gjson_array_scalars",
       {"Katib finds no reason in a text, and asks again for ever; the condition holds",
        "Succeeded"}},
      {"jobstatus_gjson_multipath",
       {"{...} is there whatever the job does: Katib's trial succeeds before its job has begun; "
        "refused at submit",
        "Running"}},
      {"jobstatus_no_name",
       {"a job without a name is none to Katib; every job here has its trial's name", "Running"}},
  };
  return kTable;
}

std::string NameOf(JobVerdict::State state) {
  if (state == JobVerdict::State::kRunning) return "Running";
  return state == JobVerdict::State::kSucceeded ? "Succeeded" : "Failed";
}

class JobConditionConformance : public testing::TestWithParam<std::string> {
 protected:
  static void TearDownTestSuite() { tally_.Print(); }
  static Json Read(const std::string& suffix) {
    return ReadRecordedJson(RecordedFolder("semantics") / (GetParam() + suffix));
  }
  static inline RecordedTally tally_{.set = "semantics/jobstatus"};
};

TEST_P(JobConditionConformance, AgreesWithKatib) {
  const Json args = Read(".args.json");
  const JobVerdict verdict =
      JudgeJob(args.at("job"), args.at("successCondition").get<std::string>(),
               args.at("failureCondition").get<std::string>());
  const auto difference = Differences().find(GetParam());
  if (difference != Differences().end()) {
    EXPECT_EQ(NameOf(verdict.state), difference->second.ours);
    std::cout << "differs on purpose: " << GetParam() << ": " << difference->second.why << "\n";
    ++tally_.differ;
    return;
  }
  const Json expected = Read(".expected.json").at("status");
  EXPECT_EQ(NameOf(verdict.state), expected.at("condition"));
  if (verdict.state != JobVerdict::State::kRunning) {
    EXPECT_EQ(verdict.reason, expected.value("reason", ""));
    EXPECT_EQ(verdict.message, expected.value("message", ""));
  }
  ++(HasFailure() ? tally_.fail : tally_.agree);
}

INSTANTIATE_TEST_SUITE_P(Recorded, JobConditionConformance,
                         testing::ValuesIn(RecordedCases("semantics", {"jobstatus_"})),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace lockstep
