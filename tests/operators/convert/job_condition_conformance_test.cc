// What Katib v0.19.0's trial controller makes of a job's status under GJSON conditions
// (tests/conformance/data/semantics/jobstatus_*), against JudgeJob. Where we differ on purpose the
// output says so by name.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "operators/convert/job_condition.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(LOCKSTEP_SOURCE_DIR) / "tests/conformance/data/semantics";

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

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const std::string file = entry.path().filename().string();
    const std::size_t suffix = file.find(".args.json");
    if (file.starts_with("jobstatus_") && suffix != file.npos) {
      names.push_back(file.substr(0, suffix));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

Json Read(const std::string& file) {
  std::ifstream in(kFolder / file);
  return Json::parse(in);
}

std::string NameOf(JobVerdict::State state) {
  if (state == JobVerdict::State::kRunning) return "Running";
  return state == JobVerdict::State::kSucceeded ? "Succeeded" : "Failed";
}

class JobConditionConformance : public testing::TestWithParam<std::string> {};

TEST_P(JobConditionConformance, AgreesWithKatib) {
  const Json args = Read(GetParam() + ".args.json");
  const JobVerdict verdict =
      JudgeJob(args.at("job"), args.at("successCondition").get<std::string>(),
               args.at("failureCondition").get<std::string>());
  const auto difference = Differences().find(GetParam());
  if (difference != Differences().end()) {
    EXPECT_EQ(NameOf(verdict.state), difference->second.ours);
    std::cout << "differs on purpose: " << GetParam() << ": " << difference->second.why << "\n";
    return;
  }
  const Json expected = Read(GetParam() + ".expected.json").at("status");
  EXPECT_EQ(NameOf(verdict.state), expected.at("condition"));
  if (verdict.state == JobVerdict::State::kRunning) return;
  EXPECT_EQ(verdict.reason, expected.value("reason", ""));
  EXPECT_EQ(verdict.message, expected.value("message", ""));
}

INSTANTIATE_TEST_SUITE_P(Recorded, JobConditionConformance, testing::ValuesIn(Cases()),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace lockstep
