#include "operators/api/intent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

ObjectMeta With(const char* annotation, const char* value) {
  ObjectMeta meta;
  meta.annotations = {{annotation, value}};
  return meta;
}

TEST(Intent, DurationsAreWrittenAsInGoOrAsSeconds) {
  const struct {
    const char* text;
    milliseconds duration;
  } cases[] = {{"30s", seconds(30)},         {"90m", minutes(90)},
               {"1h30m", minutes(90)},       {"2h", hours(2)},
               {"7d", hours(168)},           {"45", seconds(45)},
               {"250ms", milliseconds(250)}, {"1.5h", minutes(90)},
               {"3650d", hours(87'600)}};
  for (const auto& [text, duration] : cases) {
    const auto parsed = ParseIntentDuration(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status().ToString();
    EXPECT_EQ(*parsed, duration) << text;
    EXPECT_EQ(DeadlineOf(With(kDeadlineAnnotation, text)), duration);
  }
}

TEST(Intent, ADurationThatSaysNothingIsRefusedWithTheForm) {
  for (const char* text : {"", "0", "0s", "-5", "-5s", "soon", "5 m", "1h 30m", "nan", "inf", "1w",
                           "3651d", "99999999999999999999", "30s ", "\xff"}) {
    const auto parsed = ParseIntentDuration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.status().message(), HasSubstr("write 30s, 90m, 1h30m"));
    EXPECT_EQ(JobTtlOf(With(kJobTtlAnnotation, text)), std::nullopt) << "a wrong one says nothing";
  }
}

TEST(Intent, OnlyTrueIsTrue) {
  EXPECT_TRUE(WantsSuspend(With(kSuspendAnnotation, "true")));
  EXPECT_TRUE(WantsSuspend(With(kSuspendAnnotation, kSuspendedByExperiment)));
  EXPECT_TRUE(WantsKeepRunning(With(kKeepRunningAnnotation, "true")));
  for (const char* text : {"", "false", "True", "yes"}) {
    EXPECT_FALSE(WantsSuspend(With(kSuspendAnnotation, text)));
    EXPECT_FALSE(WantsKeepRunning(With(kKeepRunningAnnotation, text)));
  }
  EXPECT_FALSE(WantsSuspend({}));
  EXPECT_EQ(CancelReason(With(kCancelAnnotation, "too dear")), "too dear");
  EXPECT_EQ(CancelReason({}), std::nullopt);
}

TEST(Intent, WhatIsWrongIsToldWithTheNextStep) {
  const struct {
    const char* kind;
    const char* annotation;
    const char* value;
    const char* says;  // "": nothing is wrong
  } cases[] = {
      {"Experiment", "lockstep.dev/suspend", "true", ""},
      {"Experiment", "lockstep.dev/suspend", "yes", "\"yes\" says nothing: write \"true\""},
      {"Trial", "lockstep.dev/suspend", "true", "it is for Experiment, TrainingJob"},
      {"Trial", "lockstep.dev/cancel", "", "write why it is cancelled"},
      {"TrainingJob", "lockstep.dev/deadline", "90", ""},
      {"TrainingJob", "lockstep.dev/deadline", "soon", "\"soon\" is no duration: write 30s"},
      {"Experiment", "lockstep.dev/dead-line", "90m", "did you mean lockstep.dev/deadline?"},
      {"Experiment", "lockstep.dev/compat", "v2", "write katib"},
      {"TrainingJob", "lockstep.dev/keep-running", "true", "has no effect on a TrainingJob"},
      {"Experiment", "lockstep.dev/path", "/bin", ""},
      {"Experiment", "lockstep.dev/a-note-of-my-own", "x", ""},
      {"Experiment", "example.com/suspend", "yes", ""},
  };
  for (const auto& [kind, annotation, value, says] : cases) {
    const auto errors = CheckIntent(kind, {{annotation, value}});
    ASSERT_EQ(errors.size(), *says == '\0' ? 0U : 1U) << annotation << " " << value;
    if (errors.empty()) continue;
    EXPECT_EQ(errors[0].annotation, annotation);
    EXPECT_THAT(errors[0].message, HasSubstr(says));
  }
}

}  // namespace
}  // namespace lockstep
