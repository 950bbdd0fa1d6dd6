#include "launcher/hosts_file.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

LaunchPlan Plan() {
  LaunchPlan plan;
  plan.roles = {{.name = "launcher", .command = {"l"}, .env = {}, .working_dir = {}}};
  plan.lent_hosts = {{"worker", 2, {"w-${lockstep.index}.mpi", "w-${lockstep.index}"}}};
  return plan;
}

TEST(HostsFile, IsTheMachinesAndALineForEachRank) {
  LaunchPlan plan = Plan();
  EXPECT_EQ(HostsText("127.0.0.1 localhost", plan),
            "127.0.0.1 localhost\n127.0.0.1 w-0.mpi w-0\n127.0.0.1 w-1.mpi w-1\n");
  plan.roles[0].host_names = {"job-launcher"};
  EXPECT_EQ(HostsText("", plan),
            "127.0.0.1 job-launcher\n127.0.0.1 w-0.mpi w-0\n127.0.0.1 w-1.mpi w-1\n");
}

TEST(HostsFile, AHostIsTheFirstNameOfItsRank) {
  EXPECT_EQ(HostOf(Plan(), "worker", 1), "w-1.mpi");
  EXPECT_EQ(HostOf(Plan(), "launcher", 0), "");
  EXPECT_TRUE(HasHostNames(Plan()));
  LaunchPlan plain = Plan();
  plain.lent_hosts.clear();
  EXPECT_FALSE(HasHostNames(plain));
}

}  // namespace
}  // namespace lockstep
