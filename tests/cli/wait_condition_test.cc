#include "cli/wait_condition.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

bool Met(const std::string& text, const Object& object) {
  const Result<WaitCondition> wanted = ParseWaitCondition(text);
  EXPECT_TRUE(wanted.ok()) << wanted.status().message();
  return wanted.ok() && IsMet(*wanted, object).value();
}

TEST(WaitConditionTest, ConditionsAndValuesAreRecognized) {
  Experiment experiment;
  experiment.meta.name = "a";
  experiment.status.trials_succeeded = 5;
  experiment.status.conditions = {{"Running", "False", "", "", "", ""},
                                  {"Succeeded", "True", "", "", "", ""}};
  for (const char* yes :
       {"condition=Succeeded", "condition=Running=False", "jsonpath={.status.trialsSucceeded}=5",
        "jsonpath=.status.trialsSucceeded=5", "jsonpath={.metadata.name}=a",
        "jsonpath={.metadata.name}",
        "jsonpath={.status.conditions[?(@.type=='Running')].status}=False", "create"}) {
    EXPECT_TRUE(Met(yes, experiment)) << yes;
  }
  for (const char* no :
       {"condition=Failed", "condition=Running", "delete", "jsonpath={.status.trialsSucceeded}=6",
        "jsonpath={.status.none}", "jsonpath={.metadata.name}="}) {
    EXPECT_FALSE(Met(no, experiment)) << no;
  }
}

TEST(WaitConditionTest, WhatIsNoConditionIsAnsweredWithTheForms) {
  for (const char* wrong : {"", "Succeeded", "condition=", "gone", "condition"}) {
    EXPECT_NE(ParseWaitCondition(wrong).status().message().find("jsonpath='{.path}'"),
              std::string::npos)
        << wrong;
  }
  EXPECT_NE(ParseWaitCondition("jsonpath={.a[}=1").status().message().find("column 3"),
            std::string::npos);
}

}  // namespace
}  // namespace lockstep
