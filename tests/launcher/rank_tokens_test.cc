#include "launcher/rank_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TokenValues Values() {
  return {.rank = 3,
          .index = 1,
          .host = [](std::string_view role,
                     int index) { return "tf-" + std::string(role) + "-" + std::to_string(index); },
          .port = [](std::string_view role,
                     int index) { return (role == "ps" ? 2222 : 3333) + index; }};
}

TEST(ReplaceTokens, PutsTheValuesOfTheRankInTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"plain $HOME ${HOME} $(X) ${lockstepx}", "plain $HOME ${HOME} $(X) ${lockstepx}"},
      {"${lockstep.rank}", "3"},
      {"--rank=${lockstep.rank} --index=${lockstep.index}!", "--rank=3 --index=1!"},
      {"${lockstep.host:ps/0}:${lockstep.port:ps/0}", "tf-ps-0:2222"},
      {"${lockstep.host:worker/${lockstep.index}}:${lockstep.port:worker/${lockstep.index}}",
       "tf-worker-1:3334"},
      {"${lockstep.host:a/b/2}", "tf-a/b-2"},
      {R"({"cluster":{"ps":["${lockstep.host:ps/1}:${lockstep.port:ps/1}"]}})",
       R"({"cluster":{"ps":["tf-ps-1:2223"]}})"},
  };
  for (const auto& [text, replaced] : cases) {
    const Result<std::string> got = ReplaceTokens(text, Values());
    ASSERT_TRUE(got.ok()) << text << ": " << got.status().ToString();
    EXPECT_EQ(*got, replaced);
  }
}

TEST(ReplaceTokens, NamesWhatIsNoToken) {
  for (const char* text : {"${lockstep.ranks}", "${lockstep.}", "${lockstep.host:ps}",
                           "${lockstep.host:/0}", "${lockstep.port:ps/x}", "${lockstep.port:ps/-1}",
                           "${lockstep.port:ps/1x}", "${lockstep.port:ps/}"}) {
    const Result<std::string> got = ReplaceTokens(std::string("a ") + text + " b", Values());
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_EQ(got.status().kind(), StatusKind::kInvalidArgument);
    EXPECT_THAT(got.status().message(), HasSubstr(std::string("'") + text + "' is no token"));
  }
  EXPECT_THAT(ReplaceTokens("x${lockstep.rank", Values()).status().message(),
              HasSubstr("'${lockstep.rank' has no }"));
}

LaunchPlan TwoRoles() {
  LaunchPlan plan;
  plan.roles = {{.name = "worker", .ranks = 2, .command = {"w"}, .env = {}, .working_dir = {}},
                {.name = "ps", .ranks = 3, .command = {"p"}, .env = {}, .working_dir = {}}};
  plan.lent_hosts = {{"node", 2, {"n-${lockstep.index}"}}};
  return plan;
}

TEST(PortsOf, ListsEachPortOnceInThePlansOrder) {
  LaunchPlan plan = TwoRoles();
  plan.env["P"] = "${lockstep.port:ps/2}";
  plan.roles[1].command.emplace_back("${lockstep.port:ps/2} ${lockstep.port:worker/1}");
  plan.roles[1].init = {{.command = {"i"}, .env = {{"A", "${lockstep.port:ps/0}"}}}};
  plan.roles[0].files = {{"hosts", "${lockstep.host:node/1} ${lockstep.port:worker/0}"}};
  const Result<std::vector<PortName>> ports = PortsOf(plan);
  ASSERT_TRUE(ports.ok()) << ports.status().ToString();
  EXPECT_THAT(*ports, ElementsAre(PortName{"worker", 0}, PortName{"worker", 1}, PortName{"ps", 0},
                                  PortName{"ps", 2}));
}

TEST(PortsOf, OfTheOwnIndexIsAPortOfEachRank) {
  LaunchPlan plan = TwoRoles();
  plan.roles[1].env["PORT"] = "${lockstep.port:ps/${lockstep.index}}";
  EXPECT_THAT(*PortsOf(plan), ElementsAre(PortName{"ps", 0}, PortName{"ps", 1}, PortName{"ps", 2}));
  EXPECT_TRUE(PortsOf(TwoRoles())->empty());
}

TEST(PortsOf, NamesTheFieldOfATokenThatLeadsNowhere) {
  const auto error = [](auto change) {
    LaunchPlan plan = TwoRoles();
    change(plan);
    const Status status = CheckLaunchPlan(plan);
    EXPECT_EQ(status.kind(), StatusKind::kInvalidArgument);
    return status.message();
  };
  EXPECT_THAT(
      error([](LaunchPlan& plan) { plan.roles[0].env["A"] = "${lockstep.port:chief/0}"; }),
      HasSubstr("roles[0].env.A: '${lockstep.port:chief/0}' names the role 'chief', which is not"));
  EXPECT_THAT(error([](LaunchPlan& plan) {
                plan.roles[1].init = {{.command = {"i", "${lockstep.host:ps/3}"}}};
              }),
              HasSubstr("roles[1].init[0].command[1]: '${lockstep.host:ps/3}' names number 3 of "
                        "the role 'ps', which has 3"));
  EXPECT_THAT(error([](LaunchPlan& plan) {
                plan.roles[1].env["A"] = "${lockstep.port:worker/${lockstep.index}}";
              }),
              HasSubstr("names number 2 of the role 'worker', which has 2"));
  EXPECT_THAT(error([](LaunchPlan& plan) { plan.env["A"] = "${lockstep.port:node/0}"; }),
              HasSubstr("env.A: '${lockstep.port:node/0}' names a port of the role 'node'"));
  EXPECT_THAT(error([](LaunchPlan& plan) { plan.roles[0].host_names = {"h-${lockstep.rank}"}; }),
              HasSubstr("roles[0].host_names[0]: 'h-${lockstep.rank}' may hold no token but"));
  EXPECT_THAT(error([](LaunchPlan& plan) { plan.roles[0].working_dir = "/${lockstep.x}"; }),
              HasSubstr("roles[0].working_dir: '${lockstep.x}' is no token: there are"));
}

}  // namespace
}  // namespace lockstep
