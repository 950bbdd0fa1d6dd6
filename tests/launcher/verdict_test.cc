#include "launcher/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace lockstep {
namespace {

constexpr int Exited(int code) { return code << 8; }  // as waitpid reports it
MemberName Rank(int rank) { return {rank, "worker", "./train", 4711}; }

TEST(Verdict, AllRanksAtZeroIsSuccess) {
  Verdict verdict(SuccessRule::kAllRanks, "h");
  verdict.OnExit(Rank(0), Exited(0), {});
  EXPECT_FALSE(verdict.decided());
  verdict.OnExit(Rank(1), Exited(0), {});
  EXPECT_EQ(verdict.Record().cause, ExitCause::kSucceeded);
  EXPECT_EQ(verdict.Record().exit_code, 0);
}

TEST(Verdict, OnlyTheFirstFailureCounts) {
  Verdict verdict(SuccessRule::kAllRanks, "h");
  verdict.OnExit(Rank(1), SIGKILL, {"last"});
  EXPECT_TRUE(verdict.decided());
  verdict.OnExit(Rank(0), Exited(3), {});
  verdict.OnSignal(SIGTERM);
  const ExitRecord record = verdict.Record();
  EXPECT_EQ(record.cause, ExitCause::kSignal);
  EXPECT_EQ(record.exit_code, 137);
  EXPECT_EQ(record.failure->rank, 1);
  EXPECT_EQ(record.failure->signal, SIGKILL);
  EXPECT_EQ(record.failure->message,
            "rank 1 (worker, pid 4711 on host h) was killed by signal 9 (SIGKILL)");
  EXPECT_THAT(record.failure->last_lines, testing::ElementsAre("last"));
}

TEST(Verdict, Rank0DecidesUnderItsRule) {
  Verdict verdict(SuccessRule::kRank0, "h");
  verdict.OnExit(Rank(1), Exited(0), {});
  EXPECT_FALSE(verdict.decided());
  verdict.OnExit(Rank(0), Exited(0), {});
  EXPECT_TRUE(verdict.decided());
  verdict.OnExit(Rank(2), SIGTERM, {});  // by us
  EXPECT_EQ(verdict.Record().cause, ExitCause::kSucceeded);
}

TEST(Verdict, AnyRanksFailureBeforeRank0IsAFailure) {
  Verdict verdict(SuccessRule::kRank0, "h");
  verdict.OnExit(Rank(1), Exited(2), {});
  verdict.OnExit(Rank(0), Exited(0), {});
  EXPECT_EQ(verdict.Record().exit_code, 2);
}

TEST(Verdict, AllOfTheFirstRoleDecideUnderItsRule) {
  Verdict verdict(SuccessRule::kFirstRole, "h", 2);
  verdict.OnExit(Rank(1), Exited(0), {});
  verdict.OnExit(Rank(2), Exited(0), {});  // of another role
  verdict.OnExit({-1, "worker", "fetch", 4712}, Exited(0), {});
  EXPECT_FALSE(verdict.decided());
  verdict.OnExit(Rank(0), Exited(0), {});
  EXPECT_TRUE(verdict.decided());
  verdict.OnExit(Rank(3), SIGTERM, {});  // by us
  EXPECT_EQ(verdict.Record().cause, ExitCause::kSucceeded);
}

TEST(Verdict, TheFirstRankToEndWellDecidesUnderAnyRank) {
  Verdict verdict(SuccessRule::kAnyRank, "h", 3);
  verdict.OnExit({-1, "worker", "fetch", 4712}, Exited(0), {});
  EXPECT_FALSE(verdict.decided()) << "an init command is no rank";
  verdict.OnExit(Rank(2), Exited(0), {});
  EXPECT_TRUE(verdict.decided());
  verdict.OnExit(Rank(0), Exited(1), {});
  EXPECT_EQ(verdict.Record().cause, ExitCause::kSucceeded);
}

TEST(Verdict, AFailureBeforeItIsAFailureUnderEachRule) {
  for (const SuccessRule rule : {SuccessRule::kAllRanks, SuccessRule::kRank0,
                                 SuccessRule::kFirstRole, SuccessRule::kAnyRank}) {
    Verdict verdict(rule, "h", 2);
    verdict.OnExit(Rank(3), Exited(4), {});
    for (const int rank : {0, 1, 2}) verdict.OnExit(Rank(rank), Exited(0), {});
    EXPECT_EQ(verdict.Record().exit_code, 4);
    EXPECT_EQ(verdict.Record().failure->rank, 3);
    EXPECT_EQ(verdict.Record().failure->role, "worker");
  }
}

TEST(Verdict, CausesHaveTheirExitCodes) {
  struct Case {
    void (*event)(Verdict*);
    ExitCause cause;
    int exit_code;
  };
  const Case cases[] = {
      {[](Verdict* v) { v->OnExit(Rank(0), Exited(75), {}); }, ExitCause::kRestartMe, 75},
      {[](Verdict* v) { v->OnStartFailure(Rank(0), 127, "no program"); }, ExitCause::kStartFailed,
       127},
      {[](Verdict* v) { v->OnSignal(SIGINT); }, ExitCause::kStopped, 130},
      {[](Verdict* v) { v->OnDeadline(std::chrono::hours(1), {1}); }, ExitCause::kDeadline, 124},
      {[](Verdict* v) { v->OnLauncherFailure("no memory"); }, ExitCause::kLauncherLost, 125}};
  for (const Case& c : cases) {
    Verdict verdict(SuccessRule::kAllRanks, "h");
    c.event(&verdict);
    EXPECT_EQ(verdict.Record().cause, c.cause);
    EXPECT_EQ(verdict.Record().exit_code, c.exit_code);
    EXPECT_EQ(ParseExitCause(ExitCauseName(c.cause)).value(), c.cause);
  }
}

TEST(DurationText, SpeaksAsPeopleDo) {
  EXPECT_EQ(DurationText(std::chrono::milliseconds(90'500)), "1m 30s 500ms");
  EXPECT_EQ(DurationText(std::chrono::milliseconds(0)), "0s");
}

}  // namespace
}  // namespace lockstep
