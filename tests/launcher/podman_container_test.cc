// Containers of a job, with a stand-in for podman: a script that takes the words that are ours to
// choose, and runs what stands for a container outside of the job, known by nothing but its id.
#include "launcher/podman_container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "launcher/lost_job.h"
#include "tests/launcher/launched_run.h"

namespace lockstep {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kPodman[] = R"(#!/bin/bash
if [ "$1" = rm ]; then
  echo "$@" >> RECORD/rm
  while [ $# -gt 0 ]; do
    if [ "$1" = --cidfile ]; then kill -9 $(cat "$2"); rm "$2"; shift; fi
    shift
  done
  exit 0
fi
trap '' TERM
printf '%s\n' "$@" "visible $CUDA_VISIBLE_DEVICES" > "RECORD/run-$LOCKSTEP_RANK"
while [ "$1" != --cidfile ]; do shift; done
[ -e "$2" ] && exit 125
env -i setsid sleep 600 <&- >&- 2>&- &
echo $! > "$2"
echo up
case ${@: -1} in
  wait) while :; do sleep 600; done ;;
  *) kill -9 $!; rm "$2" ;;
esac
)";

class PodmanContainer : public testing::Test {
 protected:
  PodmanContainer() {
    std::string script = kPodman;
    for (std::size_t at = 0; (at = script.find("RECORD")) != script.npos;) {
      script.replace(at, 6, folder_.path());
    }
    const std::string podman = folder_.Write("podman", script);
    std::filesystem::permissions(podman, std::filesystem::perms::owner_all);
  }
  // Of one role whose ranks are containers; `last` is what they do.
  std::vector<std::string> Plan(int ranks, const std::string& last,
                                const json& fields = json::object()) {
    json role = {{"name", "worker"},
                 {"ranks", ranks},
                 {"container", true},
                 {"command", {"podman", "run", "--rm", "img", last}}};
    role.update(fields);
    const json plan = {{"roles", {role}},
                       {"grace_ms", 200},
                       {"env", {{"PATH", folder_.path() + ":/usr/bin:/bin"}}}};
    return {"--plan", folder_.Write("plan.json", plan.dump())};
  }
  // Where the id of the one container that runs is written down.
  static std::string IdFile(const LaunchedRun& run) {
    return run.dir().containers_path() + "/0.cid";
  }
  static pid_t Container(const LaunchedRun& run) { return std::stoi(ReadText(IdFile(run))); }
  static bool AwaitEnd(pid_t pid) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (kill(pid, 0) == 0) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::string Record(const std::string& name) { return ReadText(folder_.path() + "/" + name); }
  const TemporaryFolder folder_;
};

TEST_F(PodmanContainer, IsShownTheDevicesOfItsRankNumberedFromZero) {
  LaunchedRun run(
      Plan(2, "end", {{"devices", {"2,GPU-7", "5"}}, {"env", {{"CUDA_VISIBLE_DEVICES", "all"}}}}));
  const RunResult result = run.Await();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(Record("run-0"),
              HasSubstr("run\n--cidfile\n" + run.dir().containers_path() +
                        "/0.cid\n--device\nnvidia.com/gpu=2\n--device\nnvidia.com/gpu=GPU-7\n-e\n"
                        "CUDA_VISIBLE_DEVICES\n--rm\nimg\nend\nvisible 0,1\n"));
  EXPECT_THAT(Record("run-1"), HasSubstr("/1.cid\n--device\nnvidia.com/gpu=5\n-e\n"));
  EXPECT_THAT(Record("run-1"), HasSubstr("visible 0\n"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/rm")) << "nothing was left";
}

TEST_F(PodmanContainer, WithoutDevicesIsShownNone) {
  LaunchedRun run(Plan(1, "end"));
  ASSERT_EQ(run.Await().exit_code, 0);
  EXPECT_THAT(Record("run-0"), testing::Not(HasSubstr("--device")));
}

TEST_F(PodmanContainer, IsRemovedWhereItsRankHadToBeKilled) {
  LaunchedRun run(Plan(1, "wait"));
  ASSERT_TRUE(run.AwaitOutput("up"));
  const pid_t container = Container(run);
  run.Signal(SIGTERM);
  run.Await();
  EXPECT_TRUE(AwaitEnd(container));
  EXPECT_EQ(Record("rm"), "rm --force --ignore --time 0 --cidfile " + IdFile(run) + "\n");
  EXPECT_FALSE(std::filesystem::exists(IdFile(run)));
}

TEST_F(PodmanContainer, IsRemovedByTheGuardianWhenTheLauncherIsKilled) {
  LaunchedRun run(Plan(1, "wait"));
  ASSERT_TRUE(run.AwaitOutput("up"));
  const pid_t container = Container(run);
  run.Signal(SIGKILL);
  run.Await();
  EXPECT_TRUE(run.AwaitNothingLeft());
  EXPECT_TRUE(AwaitEnd(container));
}

TEST_F(PodmanContainer, WithoutPodmanThereIsAWayOut) {
  std::filesystem::remove(folder_.path() + "/podman");
  LaunchedRun run(Plan(1, "end", {{"env", {{"PATH", "/no/such"}}}}));
  EXPECT_THAT(run.Await().err,
              HasSubstr("no program 'podman' in PATH (searched /no/such); install podman, or leave "
                        "out --runtime podman (runtime: in config.yaml)"));
}

// Also where this process would not find podman: the plan says where it is.
TEST_F(PodmanContainer, IsRemovedByWhoeverFindsTheJobLost) {
  JobDir dir(folder_.path() + "/lost");
  std::filesystem::create_directories(dir.containers_path());
  std::ofstream(dir.lock_path()) << "";
  std::ofstream(dir.containers_path() + "/0.cid") << "";  // podman had made none yet
  std::ofstream(dir.containers_path() + "/1.cid") << "2147483646\n";
  const std::string plan = R"({"roles": [{"name": "w", "command": ["true"]}], "env": {"PATH": ")" +
                           folder_.path() + R"(:/usr/bin:/bin"}})";
  ASSERT_TRUE(dir.WritePlan(plan).ok());
  ASSERT_TRUE(EndLostJob(dir, std::chrono::seconds(10)).ok());
  EXPECT_EQ(Record("rm"),
            "rm --force --ignore --time 0 --cidfile " + dir.containers_path() + "/1.cid\n");
  EXPECT_THAT(dir.ReadExit()->failure->message, HasSubstr("does not say by which tag"));
}

TEST_F(PodmanContainer, WhatPodmanDidNotDoIsSaid) {
  JobDir dir(folder_.path() + "/job");
  std::filesystem::create_directories(dir.containers_path());
  std::ofstream(dir.containers_path() + "/0.cid") << "1\n";
  folder_.Write("podman", "#!/bin/sh\necho no such store >&2; exit 125\n");
  EXPECT_THAT(RemoveContainers(dir, folder_.path(), std::chrono::seconds(10)).message(),
              HasSubstr("podman rm exited with code 125: no such store"));
  folder_.Write("podman", "#!/bin/sh\nexec sleep 600\n");
  EXPECT_EQ(RemoveContainers(dir, folder_.path() + ":/usr/bin:/bin", std::chrono::milliseconds(100))
                .kind(),
            StatusKind::kDeadlineExceeded);
  EXPECT_THAT(RemoveContainers(dir, "/no/such", std::chrono::seconds(10)).message(),
              HasSubstr("no program 'podman' in PATH (searched /no/such)"));
}

}  // namespace
}  // namespace lockstep
