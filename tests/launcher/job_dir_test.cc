#include "launcher/job_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "launcher/job_lock.h"
#include "tests/launcher/launched_run.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

ExitRecord Failed() {
  ExitRecord record;
  record.exit_code = 137;
  record.cause = ExitCause::kSignal;
  record.started_at = "2026-11-22T06:30:00.000000Z";
  record.ended_at = "2026-11-22T06:31:00.000000Z";
  record.failure = FailureRecord{.rank = 1,
                                 .role = "worker",
                                 .host = "h",
                                 .cause = ExitCause::kSignal,
                                 .exit_code = 137,
                                 .signal = 9,
                                 .message = "rank 1 was killed",
                                 .last_lines = {"a \"quoted\" line", "not \xff UTF-8"}};
  return record;
}

TEST(JobDir, LifeFollowsTheLockAndTheExitRecord) {
  const TemporaryFolder folder;
  const JobDir dir(folder.path() + "/a/b");
  EXPECT_EQ(*dir.Life(), JobLife::kNotStarted);
  {
    Result<PreparedLock> lock = PrepareJobLock(dir, "tag");
    ASSERT_TRUE(lock.ok()) << lock.status().ToString();
    EXPECT_EQ(*dir.Life(), JobLife::kNotStarted);  // not in its place yet
    ASSERT_EQ(PublishJobLock(dir, *lock), 0);
    EXPECT_EQ(*dir.Life(), JobLife::kRunning);
    EXPECT_EQ(*dir.Life(), JobLife::kRunning);  // asking takes nothing
  }
  EXPECT_EQ(*dir.Life(), JobLife::kLost);
  ASSERT_TRUE(dir.WriteExit(Failed()).ok());
  EXPECT_EQ(*dir.Life(), JobLife::kEnded);
}

TEST(JobDir, IsTakenOnce) {
  const TemporaryFolder folder;
  const JobDir dir(folder.path());
  Result<PreparedLock> first = PrepareJobLock(dir, "tag");
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(PublishJobLock(dir, *first), 0);
  EXPECT_EQ(PublishJobLock(dir, *PrepareJobLock(dir, "tag")), EEXIST);
}

TEST(JobDir, TellsHowRanksEndedWhileOthersRan) {
  const TemporaryFolder folder;
  const JobDir dir(folder.path());
  EXPECT_TRUE(dir.ReadRankExits()->empty());
  ASSERT_TRUE(dir.AppendRankExit({2, 0, false}).ok());
  ASSERT_TRUE(dir.AppendRankExit({0, 143, true}).ok());
  EXPECT_EQ(ReadText(dir.rank_exits_path()),
            "{\"rank\":2,\"exit_code\":0}\n{\"rank\":0,\"exit_code\":143,\"stopped\":true}\n");
  std::ofstream(dir.rank_exits_path(), std::ios::app) << "{\"rank\":1,\"ex{\"rank\":1}\n"  // spoilt
                                                      << "{\"rank\":";  // half a line is none yet
  const std::vector<RankExit> exits = dir.ReadRankExits().value();
  ASSERT_EQ(exits.size(), 2U);
  EXPECT_EQ(exits[0].rank, 2);
  EXPECT_FALSE(exits[0].stopped);
  EXPECT_EQ(exits[1].exit_code, 143);
  EXPECT_TRUE(exits[1].stopped);
}

TEST(JobDir, ReadsBackHowManyRanksOfARoleEndedHow) {
  const TemporaryFolder folder;
  const JobDir dir(folder.path());
  ExitRecord record = Failed();
  record.roles = {{.role = "chief", .succeeded = 1},
                  {.role = "worker", .succeeded = 2, .failed = 1}};
  ASSERT_TRUE(dir.WriteExit(record).ok());
  const ExitRecord read = dir.ReadExit().value();
  ASSERT_EQ(read.roles.size(), 2U);
  EXPECT_EQ(read.roles[1].role, "worker");
  EXPECT_EQ(read.roles[1].succeeded, 2);
  EXPECT_EQ(read.roles[1].failed, 1);
  ASSERT_TRUE(dir.WriteExit(Failed()).ok());
  EXPECT_THAT(ReadText(dir.exit_path()), testing::Not(HasSubstr("roles")));
}

TEST(JobDir, ReadsBackTheExitRecord) {
  const TemporaryFolder folder;
  const JobDir dir(folder.path());
  EXPECT_EQ(dir.ReadExit().status().kind(), StatusKind::kNotFound);
  ASSERT_TRUE(dir.WriteExit(Failed()).ok());
  const Result<ExitRecord> record = dir.ReadExit();
  ASSERT_TRUE(record.ok()) << record.status().ToString();
  EXPECT_EQ(record->exit_code, 137);
  EXPECT_EQ(record->started_at, Failed().started_at);
  EXPECT_EQ(record->failure->rank, 1);
  EXPECT_EQ(record->failure->signal, 9);
  EXPECT_EQ(record->failure->last_lines[0], "a \"quoted\" line");
  EXPECT_EQ(record->failure->last_lines[1], "not \xef\xbf\xbd UTF-8");
  EXPECT_THAT(ReadText(dir.failure_path()), HasSubstr("\"rank\": 1"));
}

TEST(JobDir, RefusesADamagedExitRecord) {
  const TemporaryFolder folder;
  folder.Write("exit.json", "{\"exit_code\": 1, \"cause\": \"bored\"}");
  EXPECT_THAT(JobDir(folder.path()).ReadExit().status().message(),
              HasSubstr("exit.json: cause: 'bored' is no cause"));
}

TEST(JobDir, KeepsThePlanThatIsThere) {
  const TemporaryFolder folder;
  const JobDir dir(folder.path());
  ASSERT_TRUE(dir.WritePlan("first").ok());
  ASSERT_TRUE(dir.WritePlan("second").ok());
  EXPECT_EQ(ReadText(dir.plan_path()), "first");
}

TEST(JobDir, WritesAnewThePlanThatAPowerCutLeftEmpty) {
  const TemporaryFolder folder;
  const JobDir dir(folder.path());
  std::ofstream(dir.plan_path());
  ASSERT_TRUE(dir.WritePlan("whole").ok());
  EXPECT_EQ(ReadText(dir.plan_path()), "whole");
}

}  // namespace
}  // namespace lockstep
