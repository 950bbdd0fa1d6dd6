// Mounts and sidecars with real processes: what a rank sees, and that the machine does not change.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/launcher/launched_run.h"

namespace lockstep {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

// No machine has these.
constexpr char kTop[] = "/lockstep-test-katib";
constexpr char kNested[] = "/var/log/lockstep-test-katib";

json Mount(const std::string& path, const std::string& source, bool read_only = false) {
  return {{"path", path}, {"source", source}, {"read_only", read_only}};
}

// One role; `fields` on top of its command.
json Plan(const std::string& shell, const json& fields) {
  json role = {{"name", "worker"}, {"command", {"sh", "-c", shell}}};
  role.update(fields);
  return {{"roles", {role}}, {"grace_ms", 5000}};
}

json Sidecar(const std::string& shell, const json& fields = json::object()) {
  json init = {{"name", "side"}, {"sidecar", true}, {"command", {"sh", "-c", shell}}};
  init.update(fields);
  return init;
}

class Mounts : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    if (name.starts_with("WithoutNamespaces") || KernelGivesNamespaces()) return;
    GTEST_SKIP() << name << ": this kernel gives no mount namespaces";
  }
  ~Mounts() override {
    EXPECT_FALSE(fs::exists(kTop)) << "made on the machine";
    EXPECT_FALSE(fs::exists(kNested)) << "made on the machine";
  }
  std::string Write(const json& plan) { return folder_.Write("plan.json", plan.dump()); }
  std::string Own(const LaunchedRun& run, const std::string& file, int rank = 0) {
    return ReadText(run.dir().path() + "/volumes/rank-" + std::to_string(rank) + "/" + file);
  }
  const TemporaryFolder folder_;
};

TEST_F(Mounts, WhatIsWrittenThereIsInTheJobDirectory) {
  LaunchedRun run(
      {"--plan", Write(Plan(std::string("echo hi > ") + kTop + "/x; echo ho > " + kNested +
                                "/y; ls /var/log >/dev/null; pwd; echo $PPID",
                            {{"mounts", {Mount(kTop, "top"), Mount(kNested, "log")}}}))});
  const std::string launcher = std::to_string(run.pid());
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Own(run, "top/x"), "hi\n");
  EXPECT_EQ(Own(run, "log/y"), "ho\n");
  EXPECT_THAT(result.out, HasSubstr(fs::current_path().string())) << "the directory stays";
  EXPECT_THAT(result.out, HasSubstr("[0] " + launcher + "\n")) << "a child of the launcher";
  EXPECT_THAT(result.out, Not(HasSubstr("lockstep]"))) << "namespaces, not rewriting";
}

TEST_F(Mounts, TheRestOfTheMachineStaysAsItIs) {
  std::vector<fs::path> entries;
  for (const char* path : {"/", "/var/log"}) {
    for (const auto& entry : fs::directory_iterator(path)) entries.push_back(entry.path());
  }
  LaunchedRun run(
      {"--plan", Write(Plan("ls -A /; ls -A /var/log; stat -c %a /var/log /tmp; "
                            "echo kept > " +
                                folder_.path() + "/kept",
                            {{"mounts", {Mount(kTop, "top"), Mount(kNested, "log")}}}))});
  const RunResult result = run.Await();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const fs::path& entry : entries) {
    if (!fs::exists(fs::symlink_status(entry))) continue;  // gone in the meantime
    EXPECT_THAT(result.out, HasSubstr("[0] " + entry.filename().string() + "\n"));
  }
  struct stat log{};
  ASSERT_EQ(stat("/var/log", &log), 0);
  char mode[16];
  std::snprintf(mode, sizeof mode, "[0] %o\n", log.st_mode & 07777U);
  EXPECT_THAT(result.out, HasSubstr(mode));
  EXPECT_EQ(ReadText(folder_.path() + "/kept"), "kept\n");
}

TEST_F(Mounts, EachRankHasItsOwnAndItsInitCommandsFillIt) {
  json plan = Plan(std::string("cat ") + kTop + "/who; echo $RANK > " + kTop + "/me",
                   {{"ranks", 2},
                    {"mounts", {Mount(kTop, "own")}},
                    {"init",
                     {{{"command", {"sh", "-c", std::string("echo for $RANK > ") + kTop + "/who"}},
                       {"mounts", {Mount(kTop, "own")}}}}}});
  LaunchedRun run({"--plan", Write(plan)});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("[0] for 0\n"));
  EXPECT_THAT(result.out, HasSubstr("[1] for 1\n"));
  EXPECT_EQ(Own(run, "own/me", 0), "0\n");
  EXPECT_EQ(Own(run, "own/me", 1), "1\n");
}

TEST_F(Mounts, AReadOnlyFileCanBeReadAndNotWritten) {
  const std::string value = "a 'quoted' \"line\"\n$(two) `three`\n";
  const std::string file = folder_.Write("c.yaml", value);
  const std::string there = std::string(kTop) + "/c.yaml";
  LaunchedRun run({"--plan", Write(Plan("cat " + there + "; echo x > " + there + " || exit 7",
                                        {{"mounts", {Mount(there, file, true)}}}))});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 7) << "also as root";
  EXPECT_EQ(ReadText(run.dir().rank_log_path(0)).substr(0, value.size()), value);
  EXPECT_EQ(ReadText(file), value);
}

TEST_F(Mounts, MountsHideNeitherEachOthersSourcesNorTheProgram) {
  // One at the folder that holds the job directory, and one within another.
  const std::string program = folder_.Write(
      "bin.sh", "#!/bin/sh\ncat " + std::string(kTop) + "/in/f; cat " + folder_.path() + "/g\n");
  fs::permissions(program, fs::perms::all);
  fs::create_directories(folder_.path() + "/src");
  folder_.Write("src/f", "inner\n");
  fs::create_directories(folder_.path() + "/over");
  folder_.Write("over/g", "over\n");
  json plan =
      Plan("", {{"mounts",
                 {Mount(folder_.path(), folder_.path() + "/over"), Mount(std::string(kTop), "own"),
                  Mount(std::string(kTop) + "/in", folder_.path() + "/src"),
                  Mount(std::string(kTop) + "/run", program)}}});
  plan["roles"][0]["command"] = {std::string(kTop) + "/run"};
  LaunchedRun run({"--plan", Write(plan)});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "[0] inner\n[0] over\n");
}

TEST_F(Mounts, WhatCannotBeMountedIsNamed) {
  LaunchedRun run({"--plan", Write(Plan("true", {{"mounts", {Mount(kTop, "/no/such/folder")}}}))});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 126);
  EXPECT_THAT(result.err, HasSubstr(std::string("rank 0 (worker) could not be started: what is to "
                                                "be seen at '") +
                                    kTop + "' is not there: /no/such"));
  const std::string file = folder_.Write("file", "");
  LaunchedRun onto({"--plan", Write(Plan("true", {{"mounts", {Mount("/var/log", file)}}}))});
  const RunResult second = onto.Await();
  EXPECT_EQ(second.exit_code, 126);
  EXPECT_THAT(second.err, HasSubstr("'/var/log' is a folder here, and " + file + " is none"));
  EXPECT_EQ(onto.dir().ReadExit()->cause, ExitCause::kStartFailed);
}

TEST_F(Mounts, WithoutNamespacesTheRealPathsAreWrittenInAndSaidOnce) {
  json plan = Plan(std::string("echo hi > ") + kTop + "/x; echo $OUT; pwd",
                   {{"ranks", 2},
                    {"env", {{"OUT", std::string("a=") + kTop + "/y:" + kTop + "2"}}},
                    {"working_dir", kTop},
                    {"mounts", {Mount(std::string(kTop) + "/", "top")}}});
  LaunchedRun::Options options;
  options.env = {"LOCKSTEP_NO_NAMESPACES=1"};
  LaunchedRun run({"--plan", Write(plan)}, options);
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Own(run, "top/x", 1), "hi\n");
  const std::string real = run.dir().path() + "/volumes/rank-0/top";
  EXPECT_THAT(result.out, HasSubstr("[0] a=" + real + "/y:" + kTop + "2\n[0] " + real + "\n"));
  const std::string log = ReadText(run.dir().merged_log_path());
  const std::string warning =
      "[lockstep] nothing can be mounted here (LOCKSTEP_NO_NAMESPACES is 1)";
  ASSERT_THAT(log, HasSubstr(warning));
  EXPECT_EQ(log.find(warning), log.rfind(warning));
  EXPECT_THAT(log, HasSubstr(std::string(kTop) + "/ is " + real));
  EXPECT_THAT(ReadText(run.dir().rank_log_path(0)), Not(HasSubstr("lockstep]")));
}

TEST_F(Mounts, NothingIsLeftWhenTheLauncherIsKilled) {
  const std::string stray =
      "(setsid sh -c 'trap \"\" TERM HUP; echo stray; sleep 600' &); "
      "echo ready; sleep 600";
  json plan = Plan(stray, {{"ranks", 2}, {"mounts", {Mount(kTop, "top")}}});
  plan["roles"][0]["init"] = {
      Sidecar("setsid sleep 600 & echo $$; sleep 600", {{"mounts", {Mount(kTop, "top")}}})};
  LaunchedRun run({"--plan", Write(plan)});
  ASSERT_TRUE(run.AwaitOutput("ready", 2) && run.AwaitOutput("stray", 2));
  run.Signal(SIGKILL);
  run.Await();
  EXPECT_TRUE(run.AwaitNothingLeft());
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kLauncherLost);
}

// As a user who is not root: in a user namespace. When we are that user, all tests show it.
TEST_F(Mounts, NeedNoRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: every other test of this file shows it";
  fs::permissions(folder_.path(), fs::perms::all);
  const std::string plan = Write(
      Plan(std::string("id -u; tr -s ' ' < /proc/self/uid_map; echo hi > ") + kTop +
               "/x; (setsid sh -c 'echo $$ > \"$0\"; sleep 600' " + kTop +
               "/stray &); until [ -s " + kTop + "/stray ]; do :; done",
           {{"mounts",
             {Mount(kTop, "top"), Mount("/etc/hostname", folder_.Write("host", "x"), true)}}}));
  fs::permissions(plan, fs::perms::others_read, fs::perm_options::add);
  const std::string job = folder_.path() + "/job";
  // The program itself may be where that user cannot read.
  const std::string program = folder_.path() + "/lockstep";
  fs::copy_file(LaunchedProgram(), program);
  fs::permissions(program, fs::perms::all);
  const pid_t pid = fork();
  if (pid == 0) {
    if (chdir("/") != 0 || setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) {
      _exit(98);
    }
    const int out = open((folder_.path() + "/out").c_str(), O_CREAT | O_WRONLY, 0644);
    dup2(out, 1);
    dup2(out, 2);
    execl(program.c_str(), program.c_str(), "run", "--job-dir", job.c_str(), "--plan", plan.c_str(),
          nullptr);
    _exit(99);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  const std::string out = ReadText(folder_.path() + "/out");
  EXPECT_EQ(status, 0) << out;
  EXPECT_EQ(out, "[0] 65534\n[0]  65534 65534 1\n");
  const pid_t stray = std::atoi(ReadText(job + "/volumes/rank-0/top/stray").c_str());
  ASSERT_GT(stray, 0);
  EXPECT_EQ(kill(stray, 0), -1) << "swept, though it is in a user namespace";
  EXPECT_EQ(ReadText(job + "/volumes/rank-0/top/x"), "hi\n");
}

TEST_F(Mounts, ASidecarSharesTheVolumesOfRank0AndItsOutputIsItsOwn) {
  json plan = Plan(
      std::string("until [ -s ") + kTop + "/from-side ]; do :; done; cat " + kTop + "/from-side",
      {{"ranks", 1}, {"mounts", {Mount(kTop, "top")}}});
  plan["roles"][0]["init"] = {
      {{"command", {"sh", "-c", "echo one > $LOCKSTEP_JOB_DIR/order"}}},
      Sidecar(std::string("cat $LOCKSTEP_JOB_DIR/order; echo $RANK $X > ") + kTop +
                  "/from-side; exec 2>/dev/null; trap 'echo bye; exit 0' TERM; while :; do sleep "
                  "0.01; done",
              {{"env", {{"X", "it's \"me\"\n$(x)"}}}, {"mounts", {Mount(kTop, "top")}}}),
      {{"command",
        {"sh", "-c",
         std::string("until [ -s ") + kTop + "/from-side ]; do :; done; " +
             "echo two >> $LOCKSTEP_JOB_DIR/order"}},
       {"mounts", json::array({Mount(kTop, "top")})}}};
  LaunchedRun run({"--plan", Write(plan)});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "[0] 0 it's \"me\" $(x)\n") << "as the shell splits it, without quotes";
  EXPECT_EQ(ReadText(run.dir().sidecar_log_path("side")), "one\nbye\n");
  EXPECT_THAT(ReadText(run.dir().merged_log_path()), Not(HasSubstr("bye")));
  EXPECT_EQ(ReadText(run.dir().path() + "/order"), "one\ntwo\n");
}

TEST_F(Mounts, ASidecarMayLingerAndEndByItself) {
  json plan = Plan("echo done > $LOCKSTEP_JOB_DIR/done", json::object());
  plan["roles"][0]["init"] = {
      Sidecar("trap 'echo asked; exit 0' TERM; until [ -s $LOCKSTEP_JOB_DIR/done ]; do :; done; "
              "echo counted",
              {{"linger_ms", 60000}})};
  LaunchedRun run({"--plan", Write(plan)});
  EXPECT_EQ(run.Await().exit_code, 0);
  EXPECT_EQ(ReadText(run.dir().sidecar_log_path("side")), "counted\n");
}

TEST_F(Mounts, ASidecarThatDoesNotHearIsKilled) {
  json plan = Plan("until [ -e $LOCKSTEP_JOB_DIR/deaf ]; do :; done", json::object());
  plan["grace_ms"] = 50;
  plan["roles"][0]["init"] = {
      Sidecar("trap '' TERM; touch $LOCKSTEP_JOB_DIR/deaf; sleep 600; sleep 600")};
  LaunchedRun run({"--plan", Write(plan)});
  EXPECT_EQ(run.Await().exit_code, 0) << "a sidecar decides nothing";
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kSucceeded);
  EXPECT_TRUE(run.AwaitNothingLeft());
}

TEST_F(Mounts, ASidecarThatEndsEarlyIsSaidAndDecidesNothing) {
  json plan =
      Plan("until grep -q sidecar $LOCKSTEP_JOB_DIR/merged.log; do :; done", json::object());
  plan["roles"][0]["init"] = json::array({Sidecar("exit 3")});
  LaunchedRun run({"--plan", Write(plan)});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err,
              HasSubstr("[lockstep] sidecar 'side' exited with code 3 before the ranks"));
}

TEST_F(Mounts, ASidecarThatCannotStartFailsTheJob) {
  json plan = Plan("echo never", json::object());
  plan["roles"][0]["init"] = json::array({Sidecar("", {{"command", {"no-such-program"}}})});
  LaunchedRun run({"--plan", Write(plan)});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("sidecar 'side' (worker) could not be started: no program"));
}

TEST_F(Mounts, AStopEndsTheRanksThenTheSidecarAtOnce) {
  json plan = Plan("echo ready; sleep 600", json::object());
  plan["roles"][0]["init"] = {
      Sidecar("trap 'echo asked; exit 0' TERM; while :; do sleep 0.01; done", {{"linger_ms", 0}})};
  LaunchedRun run({"--plan", Write(plan)});
  ASSERT_TRUE(run.AwaitOutput("ready"));
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Await().exit_code, 128 + SIGTERM);
  EXPECT_TRUE(run.AwaitNothingLeft());
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kStopped);
}

}  // namespace
}  // namespace lockstep
