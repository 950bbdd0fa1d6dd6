#include "operators/api/conditions.h"

#include <gtest/gtest.h>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

using std::chrono::seconds;

const WallTime kT0{seconds(1'800'000'000)};

TEST(Conditions, SettingTheSameAgainChangesNothing) {
  std::vector<Condition> conditions;
  SetTrue(conditions, condition::kRunning, "TrialRunning", "Trial is running", kT0);
  const std::vector<Condition> before = conditions;
  SetTrue(conditions, condition::kRunning, "TrialRunning", "other words", kT0 + seconds(5));
  EXPECT_EQ(conditions, before);
}

TEST(Conditions, AnotherReasonKeepsTheTransitionTime) {
  std::vector<Condition> conditions;
  SetTrue(conditions, condition::kRunning, "A", "", kT0);
  SetTrue(conditions, condition::kRunning, "B", "", kT0 + seconds(5));
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].last_transition_time, FormatTime(kT0));
  EXPECT_EQ(conditions[0].last_update_time, FormatTime(kT0 + seconds(5)));
}

TEST(Conditions, AnotherStatusMovesTheTransitionTimeAndTheConditionToTheEnd) {
  std::vector<Condition> conditions;
  SetTrue(conditions, condition::kRunning, "A", "", kT0);
  SetTrue(conditions, condition::kRestarting, "A", "", kT0);
  SetFalse(conditions, condition::kRunning, "A", "", kT0 + seconds(5));
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[1].type, "Running");
  EXPECT_EQ(conditions[1].status, "False");
  EXPECT_EQ(conditions[1].last_transition_time, FormatTime(kT0 + seconds(5)));
}

TEST(Conditions, TheEndMakesRunningFalse) {
  std::vector<Condition> conditions;
  SetTrue(conditions, condition::kCreated, "TrialCreated", "", kT0);
  SetTrue(conditions, condition::kRunning, "TrialRunning", "", kT0);
  EXPECT_FALSE(HasEnded(conditions));
  SetEnded(conditions, condition::kFailed, "TrialFailed", "why", kT0);
  EXPECT_TRUE(HasEnded(conditions));
  EXPECT_FALSE(IsTrue(conditions, condition::kRunning));
  EXPECT_TRUE(IsTrue(conditions, condition::kCreated));
  EXPECT_EQ(FindCondition(conditions, condition::kFailed)->message, "why");
}

TEST(ConditionsDeathTest, ASecondEndIsOurMistake) {
  std::vector<Condition> conditions;
  SetEnded(conditions, condition::kFailed, "TrialFailed", "", kT0);
  EXPECT_DEATH(SetEnded(conditions, condition::kSucceeded, "TrialSucceeded", "", kT0),
               "second terminal condition");
}

}  // namespace
}  // namespace lockstep
