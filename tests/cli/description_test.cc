#include "cli/description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/object_state.h"
#include "operators/api/conditions.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

WallTime Now() { return ParseTime("2026-01-01T00:00:10Z").value(); }

TrainingJob JobOf(std::int32_t servers) {
  TrainingJob job;
  job.meta.name = "dist";
  job.meta.namespace_ = "default";
  JobRole chief;
  chief.name = "chief";
  chief.host_names = {"dist-chief-${lockstep.index}"};
  chief.port = 2222;
  JobRole ps;
  ps.name = "ps";
  ps.replicas = servers;
  ps.host_names = {"dist-ps-${lockstep.index}"};
  ps.port = 2222;
  Container program;
  program.args = {"${lockstep.port:chief/0}", "${lockstep.port:ps/${lockstep.index}}"};
  chief.pod_template.spec.containers = {program};
  job.spec.roles = {chief, ps};
  return job;
}

TEST(DescriptionTest, AddressesHaveThePortsThatWereLeased) {
  const TrainingJob job = JobOf(2);
  EXPECT_THAT(DescribeTrainingJob(job, {}, Now()), HasSubstr("dist-ps-N:2222\n"));
  LaunchNotes notes;
  notes.ports[{"ps", 1}] = 24012;
  const std::string text = DescribeTrainingJob(job, notes, Now());
  EXPECT_THAT(text, HasSubstr("dist-chief-0:2222\n"));
  EXPECT_THAT(text, HasSubstr("dist-ps-N:2222,24012\n"));
  EXPECT_THAT(text, Not(HasSubstr("Notes:")));
}

TEST(DescriptionTest, APortThatNobodyIsToldOfIsNotShown) {
  TrainingJob job = JobOf(2);
  job.spec.roles[0].pod_template.spec.containers[0].args.pop_back();
  const std::string text = DescribeTrainingJob(job, {}, Now());
  EXPECT_THAT(text, HasSubstr("dist-chief-0:2222\n"));
  EXPECT_THAT(text, HasSubstr("dist-ps-N\n"));
}

TEST(DescriptionTest, ManyPortsAreCutOff) {
  LaunchNotes notes;
  notes.ports[{"ps", 0}] = 24012;
  EXPECT_THAT(DescribeTrainingJob(JobOf(9), notes, Now()),
              HasSubstr("dist-ps-N:24012,2222,2222,2222,...\n"));
}

TEST(DescriptionTest, WhatTheLauncherDoesWithoutIsTold) {
  LaunchNotes notes;
  notes.others = {"nothing can be mounted here"};
  EXPECT_THAT(DescribeTrainingJob(JobOf(1), notes, Now()),
              HasSubstr("Notes:\n  nothing can be mounted here\n"));
}

TEST(DescriptionTest, TheLastLineOfAFailureIsOneThatSaysSomething) {
  FirstFailure failure{0, "launcher", "h", "user-error", 1, 0, "died", {"cannot run", "-----", ""}};
  EXPECT_EQ(FailureLine(failure),
            "rank 0 (launcher) on host h, user-error, exit code 1: died; last line: cannot run");
  failure.last_lines = {"---"};
  EXPECT_THAT(FailureLine(failure), Not(HasSubstr("last line")));
}

TEST(DescriptionTest, AJobThatWaitsForASecretIsWaiting) {
  TrainingJob job = JobOf(1);
  job.status.conditions = {
      {condition::kCreated, "True", "TrainingJobCreated", "TrainingJob is created", "", ""},
      {condition::kRunning, "False", reason::kCreateContainerConfigError, "there is no Secret s",
       "", ""}};
  EXPECT_EQ(StateOf(job), "Waiting");
  EXPECT_THAT(DescribeTrainingJob(job, {}, Now()),
              HasSubstr("State:        Waiting: there is no Secret s\n"));
  job.status.conditions[1].reason = reason::kQueued;
  EXPECT_EQ(StateOf(job), "Queued");
}

}  // namespace
}  // namespace lockstep
