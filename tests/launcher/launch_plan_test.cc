#include "launcher/launch_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using testing::HasSubstr;

LaunchPlan Example() {
  LaunchPlan plan;
  plan.job = "mnist";
  plan.generation = 2;
  plan.roles = {
      {.name = "chief",
       .ranks = 1,
       .init = {{.command = {"fetch", "data"}},
                {.name = "watch",
                 .command = {"watch"},
                 .env = {{"A", "1"}},
                 .working_dir = "/w",
                 .mounts = {{"/etc/c.yaml", "/jobs/1/c.yaml", true}},
                 .sidecar = true,
                 .linger = std::chrono::seconds(2)}},
       .command = {"./train", "--lr", "0.1"},
       .env = {{"ROLE", "chief"}},
       .working_dir = "/data",
       .mounts = {{"/katib", "scratch", false}}},
      {.name = "worker", .ranks = 3, .command = {"./train"}, .env = {}, .working_dir = {}}};
  plan.success = SuccessRule::kRank0;
  plan.env = {{"A", "b=c"}};
  plan.job_dir = "/jobs/1";
  plan.grace = std::chrono::seconds(5);
  plan.deadline = std::chrono::hours(1);
  plan.quiet = true;
  return plan;
}

constexpr char kExampleText[] = R"({
  "job": "mnist",
  "generation": 2,
  "roles": [
    {
      "name": "chief",
      "ranks": 1,
      "init": [
        {
          "command": [
            "fetch",
            "data"
          ]
        },
        {
          "name": "watch",
          "command": [
            "watch"
          ],
          "env": {
            "A": "1"
          },
          "working_dir": "/w",
          "mounts": [
            {
              "path": "/etc/c.yaml",
              "source": "/jobs/1/c.yaml",
              "read_only": true
            }
          ],
          "sidecar": true,
          "linger_ms": 2000
        }
      ],
      "command": [
        "./train",
        "--lr",
        "0.1"
      ],
      "env": {
        "ROLE": "chief"
      },
      "working_dir": "/data",
      "mounts": [
        {
          "path": "/katib",
          "source": "scratch",
          "read_only": false
        }
      ]
    },
    {
      "name": "worker",
      "ranks": 3,
      "init": [],
      "command": [
        "./train"
      ],
      "env": {},
      "working_dir": ""
    }
  ],
  "success": "rank-0",
  "env": {
    "A": "b=c"
  },
  "job_dir": "/jobs/1",
  "grace_ms": 5000,
  "deadline_ms": 3600000,
  "quiet": true
}
)";

TEST(LaunchPlan, KeepsTheDevicesOfItsRanks) {
  LaunchPlan plan = Example();
  plan.roles.at(1).devices = {"0", "1,2", ""};
  const auto read = DecodeLaunchPlan(EncodeLaunchPlan(plan), "plan.json");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->roles.at(1).devices, plan.roles[1].devices);
  EXPECT_TRUE(read->roles.at(0).devices.empty());
}

TEST(LaunchPlan, HasOneText) { EXPECT_EQ(EncodeLaunchPlan(Example()), kExampleText); }

TEST(LaunchPlan, ReadsBackWhatItWrote) {
  const Result<LaunchPlan> plan = DecodeLaunchPlan(kExampleText, "plan.json");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(EncodeLaunchPlan(*plan), kExampleText);
  EXPECT_EQ(plan->world_size(), 4);
}

LaunchPlan WithAll() {
  LaunchPlan plan;
  plan.roles = {{.name = "worker",
                 .ranks = 2,
                 .init = {{.name = "side",
                           .command = {"podman", "run", "s:1"},
                           .sidecar = true,
                           .every_rank = true,
                           .root = "/images/s",
                           .container = true,
                           .image = "s:1"}},
                 .command = {"podman", "run", "w:1"},
                 .env = {{"RANK", "${lockstep.rank}"}},
                 .working_dir = {},
                 .restart = RestartRule::kExitCode,
                 .host_names = {"w-${lockstep.index}"},
                 .port = 2222,
                 .root = "/images/w",
                 .container = true,
                 .image = "w:1",
                 .files = {{"conf/a", "x\n", 0600}}}};
  plan.lent_hosts = {{"node", 3, {"n-${lockstep.index}"}}};
  plan.rank_variables = RankVariables::kLockstep;
  plan.success = SuccessRule::kFirstRole;
  return plan;
}

// Folders are named after roles, and tokens name them before a /.
TEST(LaunchPlan, ARolesNameIsNoPath) {
  LaunchPlan plan = WithAll();
  plan.roles[0].name = "x/../../y";
  EXPECT_THAT(CheckLaunchPlan(plan).message(),
              HasSubstr("roles[0].name: 'x/../../y' must not hold a /"));
}

TEST(LaunchPlan, AContainerIsStartedByPodman) {
  LaunchPlan plan = WithAll();
  plan.roles[0].init[0].command = {"podman"};
  EXPECT_THAT(CheckLaunchPlan(plan).message(),
              HasSubstr("roles[0].init[0].command: must begin with podman run"));
}

TEST(LaunchPlan, ReadsBackWhatMostPlansLeaveOut) {
  const std::string text = EncodeLaunchPlan(WithAll());
  const Result<LaunchPlan> plan = DecodeLaunchPlan(text, "plan.json");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(EncodeLaunchPlan(*plan), text);
  const LaunchRole& role = plan->roles[0];
  EXPECT_EQ(role.restart, RestartRule::kExitCode);
  EXPECT_EQ(role.host_names, WithAll().roles[0].host_names);
  EXPECT_EQ(role.port, 2222);
  EXPECT_EQ(role.root, "/images/w");
  EXPECT_TRUE(role.container);
  EXPECT_EQ(role.image, "w:1");
  ASSERT_EQ(role.files.size(), 1U);
  EXPECT_EQ(role.files[0].path + role.files[0].text, "conf/ax\n");
  EXPECT_EQ(role.files[0].mode, 0600);
  EXPECT_TRUE(role.init[0].every_rank && role.init[0].container);
  EXPECT_EQ(role.init[0].root + role.init[0].image, "/images/ss:1");
  ASSERT_EQ(plan->lent_hosts.size(), 1U);
  EXPECT_EQ(plan->lent_hosts[0].role, "node");
  EXPECT_EQ(plan->lent_hosts[0].count, 3);
  EXPECT_EQ(plan->rank_variables, RankVariables::kLockstep);
  EXPECT_EQ(plan->success, SuccessRule::kFirstRole);
}

TEST(LaunchPlan, SidecarsBesideEachRankMayHaveOneNameInTwoRoles) {
  LaunchPlan plan = WithAll();
  plan.lent_hosts.clear();
  plan.roles.push_back(plan.roles[0]);
  plan.roles[1].name = "ps";
  EXPECT_TRUE(CheckLaunchPlan(plan).ok());
  plan.roles[1].init.push_back(plan.roles[1].init[0]);
  EXPECT_THAT(CheckLaunchPlan(plan).message(), HasSubstr("roles[1].init[1].name: 'side' names"));
}

TEST(LaunchPlan, NeedsOnlyACommand) {
  const Result<LaunchPlan> plan =
      DecodeLaunchPlan(R"({"roles": [{"name": "worker", "command": ["true"]}]})", "p");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->grace, std::chrono::seconds(30));
  EXPECT_EQ(plan->success, SuccessRule::kAllRanks);
}

struct BadPlan {
  std::string text;
  std::string message;
};

class LaunchPlanErrors : public testing::TestWithParam<BadPlan> {};

TEST_P(LaunchPlanErrors, NameTheFileAndTheField) {
  const Result<LaunchPlan> plan = DecodeLaunchPlan(GetParam().text, "plan.json");
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().kind(), StatusKind::kInvalidArgument);
  EXPECT_THAT(plan.status().message(), HasSubstr(GetParam().message));
}

std::string Role(const std::string& fields) {
  return R"({"roles": [{"name": "worker", "command": ["true"])" + fields + "}]}";
}

INSTANTIATE_TEST_SUITE_P(
    All, LaunchPlanErrors,
    testing::Values(
        BadPlan{"", "plan.json:1:1: no JSON"},
        BadPlan{"[]", "plan.json:1:1: must be a JSON object"},
        BadPlan{"{\n\"job\": 1 2}", "plan.json:2:10: no JSON"},
        BadPlan{"{}", "plan.json: roles: is empty"},
        BadPlan{R"({"roles": {}})", "plan.json: roles: must be a list, is a object"},
        BadPlan{R"({"roles": [3]})", "plan.json: roles[0]: must be an object"},
        BadPlan{R"({"roles": [{"command": ["x"]}]})", "roles[0].name: is missing"},
        BadPlan{R"({"roles": [{"name": "w"}]})", "roles[0].command: names no program"},
        BadPlan{R"({"roles": [{"name": "w", "command": [""]}]})",
                "roles[0].command: names no program"},
        BadPlan{Role(R"(, "rank": 3)"), "roles[0].rank: is no field of this version; known are"},
        BadPlan{Role(R"(, "ranks": "3")"), "roles[0].ranks: must be an integer, is \"3\""},
        BadPlan{Role(R"(, "ranks": 2.5)"), "roles[0].ranks: must be an integer, is 2.5"},
        BadPlan{Role(R"(, "ranks": 0)"), "roles[0].ranks: is 0, must be 1 to 4096"},
        BadPlan{Role(R"(, "ranks": 99999999999)"), "roles[0].ranks: is out of range"},
        BadPlan{Role(R"(, "ranks": 18446744073709551615)"), "roles[0].ranks: must be an integer"},
        BadPlan{Role(R"(, "init": [{"command": ["a"]}, "b"])"), "roles[0].init[1]: must be an obj"},
        BadPlan{Role(R"(, "init": [{}])"), "roles[0].init[0].command: names no program"},
        BadPlan{Role(R"(, "init": [{"command": ["a"], "sidecar": true}])"),
                "roles[0].init[0].name: '' names the sidecar's log"},
        BadPlan{Role(R"(, "init": [{"name": "rank-0", "command": ["a"], "sidecar": true}])"),
                "roles[0].init[0].name: 'rank-0' names"},
        BadPlan{Role(R"(, "init": [{"command": ["a"], "mounts": [{"path": "/a"}]}])"),
                "roles[0].init[0].mounts[0].source: is missing"},
        BadPlan{Role(R"(, "mounts": [{"path": "katib", "source": "x"}])"),
                "roles[0].mounts[0].path: 'katib' must be an absolute path"},
        BadPlan{Role(R"(, "mounts": [{"path": "//", "source": "x"}])"), "path: '//' must be"},
        BadPlan{Role(R"(, "mounts": [{"path": "/a/../b", "source": "x"}])"), "without .."},
        BadPlan{Role(R"(, "mounts": [{"path": "/a", "source": ""}])"), "mounts[0].source: ''"},
        BadPlan{Role(R"(, "mounts": [{"path": "/a", "source": "b/../../c"}])"),
                "roles[0].mounts[0].source: 'b/../../c' must be"},
        BadPlan{Role(R"(, "env": {"A": 1})"), "roles[0].env.A: must be a string, is a number"},
        BadPlan{Role(R"(, "env": {"A=B": ""})"), "roles[0].env: 'A=B' is no name"},
        BadPlan{Role(R"(, "env": {"LOCAL_RANK": "0"})"), "roles[0].env.LOCAL_RANK: is set by"},
        BadPlan{Role(R"(, "env": {"A": "x\u0000y"})"), "roles[0].env.A: contains a NUL"},
        BadPlan{R"({"roles": [], "success": "chief"})",
                "success: 'chief' is unknown; use all-ranks, rank-0, first-role or any-rank"},
        BadPlan{R"({"roles": [], "rank_variables": "x"})", "use all or lockstep"},
        BadPlan{Role(R"(, "restart": "x")"), "roles[0].restart: 'x' is unknown; use on-failure"},
        BadPlan{Role(R"(, "port": 70000)"), "roles[0].port: is 70000, must be 1 to 65535"},
        BadPlan{Role(R"(, "host_names": ["a b"])"), "roles[0].host_names[0]: 'a b' is no name"},
        BadPlan{Role(R"(, "root": "x")"), "roles[0].root: 'x' must be an absolute path"},
        BadPlan{Role(R"(, "files": [{"path": "../x", "text": ""}])"),
                "roles[0].files[0].path: '../x' must be a path inside"},
        BadPlan{Role(R"(, "files": [{"path": "x"}])"), "roles[0].files[0].text: is missing"},
        BadPlan{R"({"roles":[{"name":"a","command":["x"]}],"lent_hosts":[{"role":"a"}]})",
                "lent_hosts[0].role: 'a' is empty, or there twice"},
        BadPlan{Role(R"(, "env": {"A": "${lockstep.x}"})"),
                "plan.json: roles[0].env.A: '${lockstep.x}' is no token"},
        BadPlan{R"({"roles": [{"name":"a","command":["x"]},{"name":"a","command":["x"]}]})",
                "roles[1].name: 'a' is there twice"},
        BadPlan{R"({"roles": [{"name":"a","command":["x"]}], "grace_ms": -1})", "grace_ms: is -1"},
        BadPlan{R"({"roles": [{"name":"a","command":["x"]}], "quiet": "no"})",
                "quiet: must be true or false"}));

}  // namespace
}  // namespace lockstep
