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
      {"jobstatus_gjson_multipath",
       {"{...} is there whatever the job does: Katib's trial succeeds before its job has begun; "
        "refused at submit",
        "Running"}},
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
  // An error (Katib asks again for ever) and no status at all (a job without a name) are, as
  // Running is, no end of the job.
  const Json answer = Read(".expected.json");
  const Json expected = answer.value("status", Json());
  const bool undecided = answer.contains("error") || expected.is_null();
  EXPECT_EQ(NameOf(verdict.state), undecided ? "Running" : expected.at("condition"));
  if (answer.contains("error")) {
    EXPECT_NE(verdict.message, "");
  }
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
