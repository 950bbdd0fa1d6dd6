// What is particular to processes of this machine: found again, never started twice, and lost.
#include "operators/backend/local_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "launcher/job_dir.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

class LocalBackendTest : public testing::Test {
 protected:
  static std::string NewFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "lockstep-local-XXXXXX";
    return mkdtemp(pattern.data());
  }
  ~LocalBackendTest() override {
    EXPECT_TRUE(Await([&] { return Backend()->Stop(id_).value(); }));
    std::filesystem::remove_all(jobs_);
  }

  // As an operator does when it starts: nothing is remembered but the job directories.
  std::unique_ptr<JobBackend> Backend() {
    return MakeLocalBackend(
        {.jobs_dir = jobs_, .lockstep = LOCKSTEP_PLAN_RUNNER, .volumes_dir = jobs_ + "/volumes"});
  }
  JobPlan Plan(const std::string& shell) {
    JobPlan plan;
    plan.id = id_;
    JobRole role;
    role.name = "worker";
    Container container;
    container.command = {"sh", "-c", shell};
    role.pod_template.spec.containers = {container};
    plan.spec.roles = {role};
    plan.spec.grace_period_seconds = 5;
    return plan;
  }
  template <class Done>
  static bool Await(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      if (done()) return true;
      std::this_thread::yield();
    }
    return false;
  }
  bool AwaitPhase(JobPhase phase) {
    return Await([&] { return Backend()->Observe(id_)->phase == phase; });
  }
  pid_t Launcher() {
    std::ifstream file(dir_.path() + "/launcher.pid");
    pid_t pid = 0;
    file >> pid;
    CHECK(pid > 1) << "no launcher.pid in " << dir_.path();
    return pid;
  }

  const std::string jobs_ = NewFolder();
  JobId id_{"default", "job", "0123456789abcdef", 0};
  JobDir dir_{LocalJobDir(jobs_, id_)};
};

TEST_F(LocalBackendTest, ANewOperatorFindsWhatRuns) {
  ASSERT_TRUE(Backend()->Apply(Plan("echo $PPID; exec sleep 300")).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kRunning));
  const pid_t launcher = Launcher();
  ASSERT_TRUE(Backend()->Apply(Plan("echo $PPID; exec sleep 300")).ok());
  EXPECT_EQ(Launcher(), launcher);
  EXPECT_NE(getsid(launcher), getsid(0)) << "in a session of its own";
}

TEST_F(LocalBackendTest, ManyOperatorsAtOnceStartItOnce) {
  const std::string counter = jobs_ + "/started";
  const JobPlan plan = Plan("echo x >> " + counter);
  std::vector<std::thread> operators;
  for (int i = 0; i < 8; ++i)
    operators.emplace_back([&] { EXPECT_TRUE(Backend()->Apply(plan).ok()); });
  for (std::thread& each : operators) each.join();
  ASSERT_TRUE(AwaitPhase(JobPhase::kSucceeded));
  ASSERT_TRUE(Backend()->Apply(plan).ok());
  std::ifstream file(counter);
  std::string line;
  int lines = 0;
  while (std::getline(file, line)) ++lines;
  EXPECT_EQ(lines, 1);
}

// Without a poll, also by an operator that did not start it.
TEST_F(LocalBackendTest, TellsTheEndOfAJobThatAnEarlierOperatorStarted) {
  const std::string gate = jobs_ + "/gate";
  ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
  ASSERT_TRUE(Backend()->Apply(Plan("read line < " + gate)).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kRunning));
  const auto later = Backend();
  std::promise<JobId> told;
  later->TellEnds([&](const JobId& id) { told.set_value(id); });
  ASSERT_TRUE(later->Observe(id_)->end_is_told);
  ASSERT_TRUE(later->Observe(id_)->end_is_told);
  std::ofstream(gate) << "go on\n";
  std::future<JobId> ended = told.get_future();
  ASSERT_EQ(ended.wait_for(std::chrono::minutes(1)), std::future_status::ready);
  EXPECT_EQ(ended.get().name, "job");
  EXPECT_EQ(later->Observe(id_)->phase, JobPhase::kSucceeded);
  later->TellEnds({});
}

TEST_F(LocalBackendTest, AClaimThatAPowerCutLeftEmptyIsAGoneLauncher) {
  std::filesystem::create_directories(dir_.path());
  std::ofstream(dir_.path() + "/launcher.pid");
  EXPECT_EQ(Backend()->Observe(id_)->phase, JobPhase::kFailed);
  EXPECT_EQ(Backend()->Observe(id_)->first_failure->cause, "launcher-lost");
}

TEST_F(LocalBackendTest, AKilledLauncherIsLostAndNotTheUsersFailure) {
  ASSERT_TRUE(Backend()->Apply(Plan("exec sleep 300")).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kRunning));
  ASSERT_EQ(kill(Launcher(), SIGKILL), 0);
  ASSERT_TRUE(AwaitPhase(JobPhase::kFailed));
  EXPECT_EQ(Backend()->Observe(id_)->first_failure->cause, "launcher-lost");
}

pid_t NumberIn(const std::string& path) {
  std::ifstream file(path);
  pid_t pid = 0;
  file >> pid;
  return pid;
}

// A zombie, which nobody may ever ask for, has no environment any more.
bool Runs(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
  return file.get() != std::ifstream::traits_type::eof();
}

pid_t GuardianOf(pid_t launcher) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "status");
    const std::string status(std::istreambuf_iterator<char>(file), {});
    if (status.find("lockstep-guard") != status.npos &&
        status.find("PPid:\t" + std::to_string(launcher) + "\n") != status.npos) {
      return std::atoi(entry.path().filename().c_str());
    }
  }
  return 0;
}

// Both are killed before either can clean up behind the other; what has left its rank's group and
// session is nobody's child any more.
TEST_F(LocalBackendTest, WhatAJobLeftIsEndedWhenItsLauncherAndItsGuardianWereKilled) {
  const std::string stray_file = jobs_ + "/stray";
  ASSERT_TRUE(Backend()
                  ->Apply(Plan("(setsid sh -c 'trap \"\" TERM HUP; sh -c \"echo \\$PPID\" > " +
                               stray_file + "; while :; do sleep 600; done' &); exec sleep 600"))
                  .ok());
  ASSERT_TRUE(Await([&] { return NumberIn(stray_file) > 0; }));
  const pid_t stray = NumberIn(stray_file);
  const pid_t launcher = Launcher();
  const pid_t guardian = GuardianOf(launcher);
  ASSERT_GT(guardian, 0);
  ASSERT_EQ(kill(launcher, SIGSTOP), 0);
  ASSERT_EQ(kill(guardian, SIGKILL), 0);
  ASSERT_EQ(kill(launcher, SIGKILL), 0);
  ASSERT_TRUE(Await([&] { return *dir_.Life() == JobLife::kLost && !Runs(launcher); }));
  ASSERT_TRUE(Runs(stray)) << "nobody has looked yet";

  std::vector<std::thread> operators;  // one of them does it, and the others see that it is done
  for (int i = 0; i < 4; ++i) operators.emplace_back([&] { (void)Backend()->Observe(id_); });
  for (std::thread& each : operators) each.join();
  ASSERT_TRUE(AwaitPhase(JobPhase::kFailed));
  EXPECT_FALSE(Runs(stray));
  const JobObservation observed = Backend()->Observe(id_).value();
  EXPECT_EQ(observed.first_failure->cause, "launcher-lost");
  EXPECT_EQ(observed.first_failure->rank, -1);
  EXPECT_EQ(*dir_.Life(), JobLife::kEnded);
  EXPECT_EQ(dir_.ReadExit()->cause, ExitCause::kLauncherLost);
  EXPECT_FALSE(dir_.ReadExit()->started_at.empty());
}

// After a power cut the lock may be empty. A tag that is cut short would be found in others'.
TEST_F(LocalBackendTest, ALostJobWithoutAWholeTagEndsNobody) {
  ASSERT_TRUE(Backend()->Apply(Plan("exec sleep 600")).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kRunning));
  std::string tag;
  std::ifstream(dir_.lock_path()) >> tag;
  ASSERT_EQ(tag.size(), 32U);
  for (const std::string& held : {std::string(), tag.substr(0, 8), tag, tag.substr(0, 8) + "\n"}) {
    const JobId lost{"default", "lost", "0123456789abcdef", static_cast<int>(held.size())};
    const JobDir dir(LocalJobDir(jobs_, lost));
    std::filesystem::create_directories(dir.path());
    std::ofstream(dir.path() + "/launcher.pid") << "1 0 another-boot";
    std::ofstream(dir.lock_path()) << held;
    EXPECT_EQ(Backend()->Observe(lost)->first_failure->cause, "launcher-lost");
    EXPECT_EQ(*dir.Life(), JobLife::kEnded);
  }
  EXPECT_EQ(Backend()->Observe(id_)->phase, JobPhase::kRunning);
}

// Served by root, a state directory of somebody else may not choose whom root kills.
TEST_F(LocalBackendTest, ALockOfSomebodyElseEndsNobody) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "LocalBackendTest.ALockOfSomebodyElseEndsNobody: only root can give files away";
  }
  ASSERT_TRUE(Backend()->Apply(Plan("exec sleep 600")).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kRunning));
  const JobId lost{"default", "lost", "0123456789abcdef", 0};
  const JobDir dir(LocalJobDir(jobs_, lost));
  std::filesystem::create_directories(dir.path());
  std::ofstream(dir.path() + "/launcher.pid") << "1 0 another-boot";
  std::ofstream(dir.lock_path()) << std::ifstream(dir_.lock_path()).rdbuf();
  ASSERT_EQ(chown(dir.lock_path().c_str(), 65534, 65534), 0);
  EXPECT_THAT(Backend()->Observe(lost)->first_failure->message,
              HasSubstr("does not say by which tag"));
  EXPECT_EQ(Backend()->Observe(id_)->phase, JobPhase::kRunning);
}

TEST_F(LocalBackendTest, ALauncherThatWasKilledBeforeItBeganIsLost) {
  std::filesystem::create_directories(dir_.path());
  std::ofstream(dir_.path() + "/launcher.pid") << "1 0 another-boot";
  const JobObservation observed = Backend()->Observe(id_).value();
  EXPECT_EQ(observed.phase, JobPhase::kFailed);
  EXPECT_EQ(observed.first_failure->cause, "launcher-lost");
  EXPECT_THAT(observed.first_failure->message, HasSubstr("launcher.log"));
}

TEST_F(LocalBackendTest, WithoutALauncherSaysWhichProgramIsMissing) {
  const auto backend =
      MakeLocalBackend({.jobs_dir = jobs_, .lockstep = jobs_ + "/lockstep", .volumes_dir = {}});
  const Status status = backend->Apply(Plan("true"));
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr(jobs_ + "/lockstep"));
  EXPECT_EQ(backend->Observe(id_)->phase, JobPhase::kNotFound) << "so that it is tried again";
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(LocalBackendTest, AJobSeesTheVolumesOfItsPod) {
  const std::string value = "a 'b' \"c\"\n$(d) `e`\n";
  JobPlan plan = Plan(
      "cat /lockstep-v/conf/k /lockstep-v/one > /lockstep-v/kept/x && "
      "echo host > /lockstep-v/host/y && ! echo no > /lockstep-v/conf/k");
  PodSpec& pod = plan.spec.roles[0].pod_template.spec;
  pod.volumes = {
      {.name = "conf", .config_map = ConfigMapVolume{"c", {}, {}, false}},
      {.name = "kept", .claim = ClaimVolume{"claim", false}},
      {.name = "host", .host_path = HostPathVolume{jobs_ + "/made", "DirectoryOrCreate"}}};
  plan.filled_volumes = {{"worker", "conf", {{"k", value, 0444}, {"deep/k", "two\n", 0644}}}};
  pod.containers[0].volume_mounts = {{"conf", "/lockstep-v/conf", "", false},
                                     {"conf", "/lockstep-v/one", "deep/k", false},
                                     {"kept", "/lockstep-v/kept", "sub", false},
                                     {"host", "/lockstep-v/host", "", false}};
  ASSERT_TRUE(Backend()->Apply(plan).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kSucceeded));
  const std::string kept = jobs_ + "/volumes/default/claim/sub/x";
  EXPECT_EQ(TextOf(kept), value + "two\n");
  EXPECT_EQ(TextOf(jobs_ + "/made/y"), "host\n");
  EXPECT_FALSE(std::filesystem::exists("/lockstep-v"));
  struct stat files{};
  ASSERT_EQ(stat((dir_.path() + "/volumes/role-worker").c_str(), &files), 0);
  EXPECT_EQ(files.st_mode & 0777U, 0700U) << "they may be a Secret's";
  ASSERT_TRUE(Backend()->Forget(id_).ok());
  EXPECT_TRUE(std::filesystem::exists(kept)) << "a claim survives its job";
}

JobRole ShellRole(const std::string& name, int replicas, const std::string& shell) {
  JobRole role;
  role.name = name;
  role.replicas = replicas;
  Container container;
  container.command = {"sh", "-c", shell};
  role.pod_template.spec.containers = {container};
  return role;
}

std::string Counts(const JobObservation& job) {
  std::string text = std::to_string(job.active) + ":";
  for (const RoleStatus& role : job.roles) {
    text += " " + role.name + " " + std::to_string(role.active) + "/" +
            std::to_string(role.succeeded) + "/" + std::to_string(role.failed);
  }
  return text;
}

TEST_F(LocalBackendTest, CountsTheRanksOfEachRoleWhileItRunsAndAtItsEnd) {
  const std::string gate = jobs_ + "/gate";
  ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
  JobPlan plan = Plan("");
  JobRole lent = ShellRole("node", 2, "");
  lent.host_only = true;
  plan.spec.roles = {ShellRole("chief", 1, "read x < " + gate + "; exit 5"),
                     ShellRole("worker", 2, "true"), lent};
  ASSERT_TRUE(Backend()->Apply(plan).ok());
  EXPECT_TRUE(Await([&] {
    return Counts(*Backend()->Observe(id_)) == "1: chief 1/0/0 worker 0/2/0 node 2/0/0";
  })) << Counts(*Backend()->Observe(id_));
  std::ofstream(gate) << "go on\n";
  ASSERT_TRUE(AwaitPhase(JobPhase::kFailed));
  const JobObservation ended = Backend()->Observe(id_).value();
  EXPECT_EQ(Counts(ended), "0: chief 0/0/1 worker 0/2/0 node 0/0/0");
  EXPECT_EQ(ended.first_failure->role, "chief");
  EXPECT_EQ(ended.first_failure->exit_code, 5);
}

TEST_F(LocalBackendTest, CountsTheOneRankOfAJobToo) {
  ASSERT_TRUE(Backend()->Apply(Plan("true")).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kSucceeded));
  EXPECT_EQ(Counts(*Backend()->Observe(id_)), "0: worker 0/1/0");
  id_.generation = 1;
  ASSERT_TRUE(Backend()->Apply(Plan("exit 3")).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kFailed));
  EXPECT_EQ(Counts(*Backend()->Observe(id_)), "0: worker 0/0/1");
}

TEST_F(LocalBackendTest, WhatRanksHadComeToIsKnownAfterTheirLauncherWasKilled) {
  JobPlan plan = Plan("");
  plan.spec.roles = {ShellRole("worker", 3, "[ $RANK = 0 ] && exec sleep 600; exit 0")};
  ASSERT_TRUE(Backend()->Apply(plan).ok());
  ASSERT_TRUE(Await([&] { return Counts(*Backend()->Observe(id_)) == "1: worker 1/2/0"; }));
  ASSERT_EQ(kill(Launcher(), SIGKILL), 0);
  ASSERT_TRUE(AwaitPhase(JobPhase::kFailed));
  EXPECT_EQ(Counts(*Backend()->Observe(id_)), "0: worker 0/2/0");
}

// It writes down what it is told, and runs the program in place of the container.
constexpr char kFakePodman[] = R"(#!/bin/bash
printf '%s\n' "$@" > "$RECORD/args-$LOCKSTEP_RANK"
while [ $# -gt 0 ]; do
  case $1 in
    --entrypoint) entry=$2; shift 2 ;;
    --cidfile) [ -d "${2%/*}" ] || exit 125; shift 2 ;;
    -v) [ -e "${2%%:*}" ] || { echo "no such folder: $2" >&2; exit 125; }; shift 2 ;;
    run|--rm|--init) shift ;;
    -*) shift 2 ;;
    *) shift; break ;;
  esac
done
entry=${entry#'["'}
exec "${entry%'"]'}" "$@"
)";

TEST_F(LocalBackendTest, ProgramsOfImagesRunByPodmanWhereThatIsAskedFor) {
  const std::string podman = jobs_ + "/podman";
  std::ofstream(podman) << kFakePodman;
  std::filesystem::permissions(podman, std::filesystem::perms::owner_all);
  JobPlan plan = Plan("");
  plan.path = jobs_ + ":/usr/bin:/bin";
  JobRole role = ShellRole("worker", 2, "");
  Container& container = role.pod_template.spec.containers[0];
  container.command = {"sh"};
  container.args = {"-c", "echo rank $RANK of $WHO at $WORLD_SIZE"};
  container.image = "img:1";
  container.env = {{"RECORD", jobs_}, {"WHO", "job-${lockstep.index}"}};
  role.pod_template.spec.volumes = {{.name = "own"}};
  container.volume_mounts = {{"own", "/own", "sub", false}};
  plan.spec.roles = {role};
  const auto backend = MakeLocalBackend({.jobs_dir = jobs_,
                                         .lockstep = LOCKSTEP_PLAN_RUNNER,
                                         .volumes_dir = jobs_ + "/volumes",
                                         .podman = true});
  ASSERT_TRUE(backend->Apply(plan).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kSucceeded)) << TextOf(dir_.merged_log_path());
  EXPECT_EQ(TextOf(dir_.rank_log_path(1)), "rank 1 of job-1 at 2\n");
  const std::string args = TextOf(jobs_ + "/args-1");
  EXPECT_THAT(args, testing::StartsWith("run\n--cidfile\n" + dir_.containers_path() + "/"));
  EXPECT_THAT(args, HasSubstr("\n--rm\n--init\n--network\nhost\n--pull\nmissing\n"));
  EXPECT_THAT(args, HasSubstr("\n-v\n" + dir_.path() + "/volumes/rank-1/own/sub:/own\n"));
  EXPECT_THAT(args, HasSubstr("\n-e\nRANK\n"));
  EXPECT_THAT(args, HasSubstr("\n-e\nWHO\n--entrypoint\n[\"sh\"]\nimg:1\n-c\n"));
  EXPECT_THAT(TextOf(dir_.merged_log_path()), testing::Not(HasSubstr("is not pulled")));
}

TEST_F(LocalBackendTest, AHostPathThatIsNotWhatItIsSaidToBeFailsTheJobClearly) {
  const auto error = [&](const std::string& path, const std::string& type) {
    JobPlan plan = Plan("true");
    plan.spec.roles[0].pod_template.spec.volumes = {
        {.name = "h", .host_path = HostPathVolume{path, type}}};
    const Status status = Backend()->Apply(plan);
    EXPECT_EQ(status.kind(), StatusKind::kInvalidArgument);
    return status.message();
  };
  EXPECT_THAT(error("/no/such", "Directory"),
              HasSubstr("volumes[0].hostPath: /no/such is to be a Directory and is not there"));
  EXPECT_THAT(error("/dev/null", "File"), HasSubstr("is to be a File and is a CharDevice"));
  EXPECT_THAT(error(jobs_, "FileOrCreate"), HasSubstr("and is a Directory"));
}

TEST_F(LocalBackendTest, ForgettingTheLastGenerationLeavesNoFolderBehind) {
  ASSERT_TRUE(Backend()->Apply(Plan("true")).ok());
  ASSERT_TRUE(AwaitPhase(JobPhase::kSucceeded));
  ASSERT_TRUE(Backend()->Forget(id_).ok());
  EXPECT_TRUE(std::filesystem::is_empty(jobs_));
}

}  // namespace
}  // namespace lockstep
