// Jobs of several roles with real processes: what each rank is told, whose end ends the job, and
// what of it can be seen while it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "launcher/port_lease.h"
#include "launcher/rank_mounts.h"
#include "tests/launcher/launched_run.h"

namespace lockstep {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json Role(const std::string& name, int ranks, const std::string& shell,
          const json& fields = json::object()) {
  json role = {{"name", name}, {"ranks", ranks}, {"command", {"sh", "-c", shell}}};
  role.update(fields);
  return role;
}

class Roles : public testing::Test {
 protected:
  std::vector<std::string> Arguments(const json& roles, const json& fields = json::object()) {
    // A list of one may have been taken for its element.
    json plan = {{"roles", roles.is_array() ? roles : json::array({roles})},
                 {"grace_ms", 5000},
                 {"rank_variables", "lockstep"}};
    plan.update(fields);
    return {"--plan", folder_.Write("plan-" + std::to_string(++plans_) + ".json", plan.dump())};
  }
  RunResult Run(const json& roles, const json& fields = json::object()) {
    LaunchedRun run(Arguments(roles, fields));
    return run.Await();
  }
  const TemporaryFolder folder_;
  int plans_ = 0;
};

TEST_F(Roles, EachRankIsToldItsOwnPlace) {
  std::filesystem::create_directory(folder_.path() + "/in-0");
  const RunResult result =
      Run({Role("ps", 2, "echo ps $I of $R at $A, ${RANK:-no rank}",
                {{"env",
                  {{"I", "${lockstep.index}"},
                   {"R", "${lockstep.rank}"},
                   {"A", "${lockstep.port:worker/0}"}}},
                 {"init",
                  {{{"command", {"sh", "-c", "echo first ${lockstep.rank} $I $B"}},
                    {"env", {{"B", "${lockstep.index}"}}}}}}}),
           Role("worker", 1, "pwd; echo worker ${lockstep.rank} at $A",
                {{"env", {{"A", "${lockstep.port:worker/0}"}}},
                 {"port", 0},
                 {"working_dir", folder_.path() + "/in-${lockstep.index}"}})});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("[init] first 0 0 0\n"));
  EXPECT_THAT(result.out, HasSubstr("[init] first 1 1 1\n")) << "what is told its place";
  EXPECT_THAT(result.out, testing::ContainsRegex("\\[0\\] ps 0 of 0 at [0-9]+, no rank\n"));
  EXPECT_THAT(result.out, testing::ContainsRegex("\\[1\\] ps 1 of 1 at [0-9]+, no rank\n"));
  EXPECT_THAT(result.out, testing::ContainsRegex("\\[2\\] worker 2 at [0-9]+\n"));
  EXPECT_THAT(result.out, HasSubstr("[2] " + folder_.path() + "/in-0\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("${")));
}

TEST_F(Roles, AnInitCommandThatIsTheSameForAllRunsOnce) {
  const RunResult result =
      Run({Role("w", 3, "true", {{"init", {{{"command", {"echo", "one"}}}}}})});
  EXPECT_EQ(result.out, "[init] one\n");
}

// Devices that the pool gave win over a variable of the role, also where its paths are rewritten.
TEST_F(Roles, DevicesAreThoseThatTheRankWasGiven) {
  const json role = Role("w", 2, "echo $CUDA_VISIBLE_DEVICES and $NVIDIA_VISIBLE_DEVICES at $DATA",
                         {{"devices", {"3", "4,5"}},
                          {"env",
                           {{"CUDA_VISIBLE_DEVICES", "0,1,${lockstep.rank}"},
                            {"NVIDIA_VISIBLE_DEVICES", "all"},
                            {"DATA", "/lockstep-test-data/${lockstep.rank}"}}},
                          {"mounts", {{{"path", "/lockstep-test-data"}, {"source", "data"}}}}});
  for (const char* setting : {"0", "1"}) {
    LaunchedRun run(Arguments({role}),
                    {.env = {std::string(kNoNamespacesVariable) + "=" + setting}});
    const RunResult result = run.Await();
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("[0] 3 and 3 at /"));
    EXPECT_THAT(result.out, HasSubstr("[1] 4,5 and 4,5 at /"));
    EXPECT_THAT(result.out, HasSubstr("/1\n"));
  }
}

TEST_F(Roles, TheEnvironmentOfTheShellIsNoTextOfThePlan) {
  LaunchedRun run(Arguments({Role("w", 1, "echo \"$FOREIGN\"")}),
                  {.env = {"FOREIGN=${lockstep.rank} ${lockstep.no}"}});
  EXPECT_THAT(run.Await().out, HasSubstr("[0] ${lockstep.rank} ${lockstep.no}\n"));
}

TEST_F(Roles, APortThatIsTakenIsReplacedEverywhereAndToldOnce) {
  // Not of those that launchers choose from.
  const int port = PortLeases({15'000, 19'999}, 0).TakeAny().value();
  const std::string wanted = std::to_string(port);
  const RunResult result = Run(
      {Role("ps", 2, "echo $LIST",
            {{"port", port}, {"env", {{"LIST", "${lockstep.port:ps/0},${lockstep.port:ps/1}"}}}})});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string list = result.out.substr(4, result.out.find('\n') - 4);
  const std::string second = list.substr(list.find(',') + 1);
  EXPECT_EQ(list.substr(0, list.find(',')), wanted);
  EXPECT_NE(second, wanted);
  EXPECT_THAT(result.out, HasSubstr("[0] " + list + "\n"));
  EXPECT_THAT(result.out, HasSubstr("[1] " + list + "\n"));
  EXPECT_EQ(result.err, "[lockstep] ps 1 listens on port " + second + " instead of " + wanted +
                            ": rank 0 of ps has it\n");
}

const json kHostRoles = {
    Role("ps", 1,
         "for h in ns-ps-0.test ps-0.test n-1.test; do getent ahostsv4 $h | head -1; done; echo at "
         "$A $B; "
         "! echo x >> /etc/hosts 2>&1",
         {{"host_names", {"ns-ps-${lockstep.index}.test", "ps-${lockstep.index}.test"}},
          {"env", {{"A", "${lockstep.host:ps/0}"}, {"B", "${lockstep.host:node/1}"}}},
          {"init", {{{"command", {"sh", "-c", "getent ahostsv4 n-0.test"}}}}}})};
const json kLent = {
    {"lent_hosts",
     {{{"role", "node"}, {"count", 2}, {"host_names", {"n-${lockstep.index}.test"}}}}}};

TEST_F(Roles, HostNamesOfTheJobAreThisMachine) {
  LaunchedRun run(Arguments(kHostRoles, kLent));
  const RunResult result = run.Await();
  if (result.err.find("cannot be made known") != std::string::npos) {
    GTEST_SKIP() << "Roles.HostNamesOfTheJobAreThisMachine: this kernel gives no mount namespaces";
  }
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("[init] 127.0.0.1       STREAM n-0.test\n"));
  EXPECT_THAT(
      result.out,
      HasSubstr(
          "[0] 127.0.0.1       STREAM ns-ps-0.test\n[0] 127.0.0.1       STREAM ns-ps-0.test\n"));
  EXPECT_THAT(result.out, HasSubstr("[0] 127.0.0.1       STREAM n-1.test\n"));
  EXPECT_THAT(result.out, HasSubstr("[0] at ns-ps-0.test n-1.test\n"));
  EXPECT_THAT(ReadText(run.dir().hosts_path()), testing::StartsWith(ReadText("/etc/hosts")));
  EXPECT_THAT(ReadText("/etc/hosts"), Not(HasSubstr("ns-ps-0")));
}

TEST_F(Roles, WithoutNamespacesHostsAreTheAddressAndThatIsTold) {
  LaunchedRun run(Arguments(kHostRoles, kLent),
                  {.env = {std::string(kNoNamespacesVariable) + "=1"}});
  const RunResult result = run.Await();
  EXPECT_THAT(run.out(), Not(HasSubstr("ns-ps-0")));
  EXPECT_THAT(result.err,
              testing::StartsWith("[lockstep] the host names of the job cannot be made known to "
                                  "its programs (LOCKSTEP_NO_NAMESPACES is 1): they are told "
                                  "127.0.0.1 instead\n"));
}

TEST_F(Roles, AVolumeInPlaceOfTheHostsFileIsSeenAndHostsAreTheAddress) {
  const std::string own = folder_.Write("own-hosts", "192.0.2.1 elsewhere.test\n");
  for (const char* path : {"/etc/hosts", "/etc//hosts/"}) {
    json roles = {Role("w", 1, "cat /etc/hosts; echo at ${lockstep.host:w/0}",
                       {{"host_names", {"w-${lockstep.index}.test"}},
                        {"mounts", {{{"path", path}, {"source", own}}}}})};
    LaunchedRun run(Arguments(roles));
    const RunResult result = run.Await();
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("[0] at 127.0.0.1\n"));
    EXPECT_THAT(result.err, HasSubstr("(a volume is at /etc/hosts): they are told 127.0.0.1"));
    if (result.err.find("nothing can be mounted") != std::string::npos) continue;
    EXPECT_THAT(result.out, HasSubstr("[0] 192.0.2.1 elsewhere.test\n"));
  }
}

TEST_F(Roles, AVolumeAtEtcShowsTheHostsFileOfTheJob) {
  std::filesystem::create_directory(folder_.path() + "/etc");
  folder_.Write("etc/conf", "mine\n");
  const RunResult result = Run(
      {Role("w", 1, "cat /etc/conf; tail -n 1 /etc/hosts",
            {{"host_names", {"w-${lockstep.index}.test"}},
             {"mounts",
              {{{"path", "/etc"}, {"source", folder_.path() + "/etc"}, {"read_only", true}}}}})});
  if (result.err.find("cannot be made known") != std::string::npos) {
    GTEST_SKIP() << "Roles.AVolumeAtEtcShowsTheHostsFileOfTheJob: this kernel gives no namespaces";
  }
  EXPECT_EQ(result.out, "[0] mine\n[0] 127.0.0.1 w-0.test\n") << result.err;
}

TEST_F(Roles, AJobWithoutHostNamesHasNoHostsFileAndNoNamespace) {
  LaunchedRun run(Arguments({Role("w", 1, "readlink /proc/self/ns/mnt")}));
  const RunResult result = run.Await();
  EXPECT_FALSE(std::filesystem::exists(run.dir().hosts_path()));
  EXPECT_EQ(result.out,
            "[0] " + std::filesystem::read_symlink("/proc/self/ns/mnt").string() + "\n");
}

TEST_F(Roles, FilesOfARankHoldItsOwnValues) {
  LaunchedRun run(Arguments({Role(
      "w", 2, "cat /lockstep-test-conf/me",
      {{"files", {{{"path", "conf/me"}, {"text", "rank ${lockstep.rank}\n"}, {"mode", 0400}}}},
       {"mounts",
        {{{"path", "/lockstep-test-conf"}, {"source", "conf"}, {"read_only", true}}}}})}));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("[0] rank 0\n"));
  EXPECT_THAT(result.out, HasSubstr("[1] rank 1\n"));
  struct stat file{};
  ASSERT_EQ(stat((run.dir().path() + "/volumes/rank-1/conf/me").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0400U);
}

TEST_F(Roles, ASidecarBesideEachRankHasItsOwnLogAndEndsWithThem) {
  const json side = {
      {"name", "side"},
      {"sidecar", true},
      {"every_rank", true},
      {"command", {"sh", "-c", "echo beside $LOCKSTEP_RANK; echo > $F; exec sleep 99"}},
      {"env", {{"F", folder_.path() + "/up-${lockstep.rank}"}}}};
  const std::string up = "until [ -e " + folder_.path() + "/up-$LOCKSTEP_RANK ]; do :; done";
  LaunchedRun run(
      Arguments({Role("a", 1, up, {{"init", {side}}}), Role("b", 2, up, {{"init", {side}}})}));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* rank : {"0", "1", "2"}) {
    EXPECT_EQ(ReadText(run.dir().path() + "/side-rank-" + rank + ".log"),
              std::string("beside ") + rank + "\n");
  }
  EXPECT_TRUE(run.AwaitNothingLeft());
}

TEST_F(Roles, TheFirstRoleDecides) {
  LaunchedRun run(Arguments({Role("w", 2, "true"), Role("ps", 2, "exec sleep 99")},
                            {{"success", "first-role"}}));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const ExitRecord record = run.dir().ReadExit().value();
  ASSERT_EQ(record.roles.size(), 2U);
  EXPECT_EQ(record.roles[0].succeeded, 2);
  EXPECT_EQ(record.roles[1].succeeded + record.roles[1].failed + record.roles[1].active, 0)
      << "one that was stopped counts nowhere";
}

TEST_F(Roles, AnyRankDecides) {
  EXPECT_EQ(
      Run({Role("w", 3, "[ $LOCKSTEP_RANK = 2 ] || exec sleep 99")}, {{"success", "any-rank"}})
          .exit_code,
      0);
}

TEST_F(Roles, WhatHasEndedIsToBeSeenWhileOthersRun) {
  const std::string gate = folder_.path() + "/gate";
  ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
  LaunchedRun run(Arguments({Role("chief", 1, "read x < " + gate), Role("w", 2, "echo done")}));
  ASSERT_TRUE(run.AwaitOutput("done", 2));
  while (run.dir().ReadRankExits()->size() < 2) run.RunFor(1000);
  const std::vector<RankExit> exits = run.dir().ReadRankExits().value();
  EXPECT_EQ(exits[0].rank + exits[1].rank, 3);
  EXPECT_EQ(exits[0].exit_code + exits[1].exit_code, 0);
  std::ofstream(gate) << "go on\n";
  EXPECT_EQ(run.Await().exit_code, 0);
  EXPECT_EQ(run.dir().ReadRankExits()->size(), 2U) << "the last is told by exit.json";
}

TEST_F(Roles, AJobOfOneRankWritesNothingOfIt) {
  LaunchedRun run(Arguments({Role("w", 1, "exit 3")}));
  EXPECT_EQ(run.Await().exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(run.dir().rank_exits_path()));
  EXPECT_THAT(ReadText(run.dir().exit_path()), Not(HasSubstr("roles")));
}

TEST_F(Roles, AMissingProgramsFailureNamesTheImageThatWasNotPulled) {
  const json image = {{"image", "repo/img:1"}};
  json missing = Role("a", 1, "", image);
  missing["command"] = {"lockstep-no-such-program"};
  missing["env"] = {{"PATH", "/usr/bin:/bin"}};
  const RunResult result = Run({missing});
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_THAT(result.err,
              HasSubstr("no program 'lockstep-no-such-program' in PATH (searched /usr/bin:/bin); "
                        "image repo/img:1 is not pulled: install the program, or give --image-map "
                        "repo/img:1=DIR (its root file system) or --runtime podman"));
}

// A job as TensorFlow's: all ranks want the same port, and dial all others by their host names.
json Meeting(const std::string& job, int port) {
  json roles = json::array();
  std::vector<std::pair<std::string, int>> ranks = {{"chief", 1}, {"ps", 2}, {"worker", 2}};
  for (const auto& [name, count] : ranks) {
    json role = {{"name", name},
                 {"ranks", count},
                 {"port", port},
                 {"host_names", {job + "-" + name + "-${lockstep.index}.test"}},
                 {"command",
                  {LOCKSTEP_PORT_PEER, job, name + "/${lockstep.index}",
                   "${lockstep.port:" + name + "/${lockstep.index}}"}}};
    for (const auto& [peer, peers] : ranks) {
      for (int i = 0; i < peers; ++i) {
        const std::string place = peer + "/" + std::to_string(i);
        role["command"].push_back(place);
        role["command"].push_back("${lockstep.host:" + place + "}:${lockstep.port:" + place + "}");
      }
    }
    roles.push_back(std::move(role));
  }
  return roles;
}

TEST_F(Roles, ParallelJobsThatWantTheSamePortsNeverCollide) {
  constexpr int kStarts = 200;
  constexpr int kAtATime = 4;
  int replaced = 0;
  for (int start = 0; start < kStarts; start += kAtATime) {
    std::vector<std::unique_ptr<LaunchedRun>> runs;
    for (int i = 0; i < kAtATime; ++i) {
      runs.push_back(std::make_unique<LaunchedRun>(
          Arguments(Meeting("job-" + std::to_string(start + i), 15'000 + start))));
    }
    for (const auto& run : runs) {
      const RunResult result = run->Await();
      ASSERT_EQ(result.exit_code, 0) << "start " << start << ": " << result.err;
      const bool met = result.err.find("another job of this machine has it") != std::string::npos;
      replaced += met ? 1 : 0;
    }
  }
  EXPECT_GE(replaced, kStarts / 10) << "or they were never there at the same time";
}

}  // namespace
}  // namespace lockstep
