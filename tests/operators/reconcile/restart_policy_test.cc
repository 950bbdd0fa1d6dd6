#include "operators/reconcile/restart_policy.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using enum AfterFailure;

TrainingJobSpec TwoRoles(const char* chief, const char* worker, int max_restarts) {
  TrainingJobSpec spec;
  spec.max_restarts = max_restarts;
  spec.roles = {{.name = "chief", .replicas = 1, .pod_template = {}, .restart_policy = chief},
                {.name = "worker", .replicas = 2, .pod_template = {}, .restart_policy = worker}};
  return spec;
}

FirstFailure Failure(const char* role, const char* cause, int exit_code = 1, int signal = 0) {
  FirstFailure failure;
  failure.rank = 0;
  failure.role = role;
  failure.cause = cause;
  failure.exit_code = exit_code;
  failure.signal = signal;
  return failure;
}

TEST(RestartPolicy, DecidesByCauseAndBudget) {
  const struct {
    const char* what;
    std::vector<RestartCount> restarts;
    const char* cause;
    int max_restarts;
    AfterFailure after;
  } cases[] = {
      {"no budget", {}, "user-error", 0, kOverBudget},
      {"the first of one", {}, "user-error", 1, kRestart},
      {"the second of one", {{"user-error", 1}}, "signal", 1, kOverBudget},
      {"the second of two", {{"user-error", 1}}, "signal", 2, kRestart},
      {"causes add up", {{"user-error", 1}, {"signal", 1}}, "signal", 2, kOverBudget},
      {"the machine's fault", {}, "launcher-lost", 0, kRestart},
      {"which costs nothing", {{"launcher-lost", 1}}, "user-error", 1, kRestart},
      {"and gives nothing", {{"launcher-lost", 1}}, "user-error", 0, kOverBudget},
      {"the program's wish", {{"restart-me", 2}}, "restart-me", 0, kRestart},
      {"no such program", {}, "start-failed", 5, kUseless},
      {"too late", {}, "deadline", 5, kUseless},
      {"nobody asked for this stop", {}, "stopped", 5, kUseless},
      {"lost often", {{"launcher-lost", kLostRestartsMax - 1}}, "launcher-lost", 0, kRestart},
      {"too often", {{"launcher-lost", kLostRestartsMax}}, "launcher-lost", 99, kOverBudget},
      {"wishes end", {{"restart-me", kRequestedRestartsMax}}, "restart-me", 99, kOverBudget},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(
        DecideRestart(TwoRoles("", "", c.max_restarts), c.restarts, Failure("worker", c.cause)),
        c.after)
        << c.what;
  }
}

TEST(RestartPolicy, TheRoleOfTheRankThatFailedFirstSaysWhetherItMayBe) {
  const struct {
    const char* policy;
    FirstFailure failure;
    AfterFailure after;
  } cases[] = {
      {"Never", Failure("worker", "user-error"), kForbidden},
      {"Never", Failure("worker", "signal", 0, 9), kForbidden},
      {"Never", Failure("worker", "restart-me", 75), kForbidden},
      {"Never", Failure("worker", "launcher-lost", 0), kRestart},
      {"Never", Failure("chief", "user-error"), kRestart},
      {"OnFailure", Failure("worker", "user-error", 127), kRestart},
      {"Always", Failure("worker", "user-error"), kRestart},
      {"ExitCode", Failure("worker", "user-error", 1), kForbidden},
      {"ExitCode", Failure("worker", "user-error", 127), kForbidden},
      {"ExitCode", Failure("worker", "user-error", 128), kRestart},
      {"ExitCode", Failure("worker", "user-error", 255), kRestart},
      {"ExitCode", Failure("worker", "signal", 0, 15), kRestart},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(DecideRestart(TwoRoles("OnFailure", c.policy, 3), {}, c.failure), c.after)
        << c.policy << " " << c.failure.role << " " << c.failure.cause << " "
        << c.failure.exit_code;
  }
  FirstFailure unnamed = Failure("", "user-error");
  unnamed.rank = 2;
  EXPECT_EQ(DecideRestart(TwoRoles("OnFailure", "Never", 3), {}, unnamed), kForbidden)
      << "rank 2 is the second worker";
  unnamed.rank = -1;
  EXPECT_EQ(DecideRestart(TwoRoles("Never", "Never", 3), {}, unnamed), kRestart)
      << "no rank is to blame";
}

TEST(RestartPolicy, RestartsAreCountedByCause) {
  std::vector<RestartCount> restarts;
  for (const char* cause : {"signal", "user-error", "signal"}) CountRestart(restarts, cause);
  EXPECT_EQ(restarts, (std::vector<RestartCount>{{"signal", 2}, {"user-error", 1}}));
}

}  // namespace
}  // namespace lockstep
