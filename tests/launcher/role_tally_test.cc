#include "launcher/role_tally.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

std::string Text(const RoleTally& tally) {
  std::string text;
  for (const RoleCount& count : tally.counts()) {
    text += count.role + " " + std::to_string(count.active) + " " +
            std::to_string(count.succeeded) + " " + std::to_string(count.failed) + "; ";
  }
  return text;
}

TEST(RoleTally, CountsEachRankOnceInItsRole) {
  LaunchPlan plan;
  plan.roles = {{.name = "chief", .command = {}, .env = {}, .working_dir = {}},
                {.name = "worker", .ranks = 3, .command = {}, .env = {}, .working_dir = {}}};
  RoleTally tally(plan);
  EXPECT_EQ(Text(tally), "chief 1 0 0; worker 3 0 0; ");
  tally.OnExit({2, 0, false});
  tally.OnExit({2, 1, false});
  tally.OnExit({0, 137, false});
  EXPECT_EQ(Text(tally), "chief 0 0 1; worker 2 1 0; ");
  tally.OnExit({1, 143, true});
  tally.OnExit({3, 0, true});
  tally.OnExit({9, 0, false});
  tally.OnExit({-1, 0, false});
  EXPECT_EQ(Text(tally), "chief 0 0 1; worker 0 2 0; ") << "one that was stopped counts nowhere";
  EXPECT_EQ(tally.active(), 0);
}

}  // namespace
}  // namespace lockstep
