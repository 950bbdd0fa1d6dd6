// Nothing that a run started survives it, whoever is killed, and whenever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/inotify.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/launcher/launched_run.h"

namespace lockstep {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

// A rank with a child that does all that a process can do to be forgotten: its parent is gone, its
// session is its own, and it ignores SIGTERM and SIGHUP.
constexpr char kRankWithStray[] =
    "trap '' TERM HUP;"
    "(setsid bash -c 'trap \"\" TERM HUP; echo stray; while :; do sleep 600; done' &);"
    "echo ready; while :; do sleep 600; done";

std::vector<std::string> RanksWithStrays() {
  return {"-n", "2", "--grace", "100ms", "--", "bash", "-c", kRankWithStray};
}

bool AwaitStarted(LaunchedRun* run) {
  return run->AwaitOutput("ready", 2) && run->AwaitOutput("stray", 2);
}

TEST(Leak, StraysEndWithTheJob) {
  LaunchedRun run(RanksWithStrays());
  ASSERT_TRUE(AwaitStarted(&run));
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Await().exit_code, 128 + SIGTERM);
  EXPECT_TRUE(run.AwaitNothingLeft());
}

TEST(Leak, AStrayWithoutTheTagEndsWithTheJob) {
  LaunchedRun run({"--", "bash", "-c",
                   "(env -i setsid sleep 600 & echo $! > $LOCKSTEP_JOB_DIR/stray);"
                   "until [ -s $LOCKSTEP_JOB_DIR/stray ]; do :; done"});
  EXPECT_EQ(run.Await().exit_code, 0);
  const pid_t stray = std::atoi(ReadText(run.dir().path() + "/stray").c_str());
  ASSERT_GT(stray, 0);
  EXPECT_EQ(kill(stray, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(Leak, AKilledRankIsNamedAndTheRestEnds) {
  LaunchedRun run(RanksWithStrays());
  ASSERT_TRUE(AwaitStarted(&run));
  const std::vector<pid_t> ranks = run.Ranks();
  ASSERT_EQ(ranks.size(), 2U);
  kill(ranks[1], SIGKILL);
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
  EXPECT_THAT(result.err, HasSubstr("pid " + std::to_string(ranks[1]) + " on host"));
  EXPECT_THAT(result.err, ContainsRegex("rank [01] .* was killed by signal 9 \\(SIGKILL\\)"));
  EXPECT_TRUE(run.AwaitNothingLeft());
}

TEST(Leak, TheGuardianCleansUpBehindAKilledLauncher) {
  LaunchedRun run(RanksWithStrays());
  ASSERT_TRUE(AwaitStarted(&run));
  EXPECT_EQ(*run.dir().Life(), JobLife::kRunning);
  run.Signal(SIGKILL);
  run.Await();
  EXPECT_TRUE(run.AwaitNothingLeft());
  EXPECT_EQ(*run.dir().Life(), JobLife::kEnded);
  const Result<ExitRecord> record = run.dir().ReadExit();
  ASSERT_TRUE(record.ok()) << record.status().ToString();
  EXPECT_EQ(record->cause, ExitCause::kLauncherLost);
  EXPECT_EQ(record->failure->rank, -1);
}

TEST(Leak, ALauncherWithoutItsGuardianEndsTheJob) {
  LaunchedRun run(RanksWithStrays());
  ASSERT_TRUE(AwaitStarted(&run));
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string status = ReadText(entry.path().string() + "/status");
    if (status.find("lockstep-guard") != status.npos &&
        status.find("PPid:\t" + std::to_string(run.pid()) + "\n") != status.npos) {
      kill(std::atoi(entry.path().filename().c_str()), SIGKILL);
    }
  }
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("guardian process"));
  EXPECT_TRUE(run.AwaitNothingLeft());
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kLauncherLost);
}

// How often exit.json came into its place in a folder.
class ExitWrites {
 public:
  explicit ExitWrites(const std::string& folder) : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    std::filesystem::create_directories(folder);
    CHECK(inotify_add_watch(fd_.get(), folder.c_str(), IN_MOVED_TO) >= 0) << folder;
  }
  int Count() {
    int count = 0;
    alignas(inotify_event) std::array<char, 65536> buffer;
    for (ssize_t n; (n = read(fd_.get(), buffer.data(), buffer.size())) > 0;) {
      for (char* at = buffer.data(); at < buffer.data() + n;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        if (event->len > 0 && std::string_view(event->name) == "exit.json") ++count;
        at += sizeof(inotify_event) + event->len;
      }
    }
    return count;
  }

 private:
  UniqueFd fd_;
};

// A process that ends loses its environment, by which it is found, before its locks.
Result<JobLife> AwaitLockGone(const JobDir& dir) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (true) {
    Result<JobLife> life = dir.Life();
    const bool held = life.ok() && *life == JobLife::kRunning;
    if (!held || std::chrono::steady_clock::now() > deadline) return life;
    std::this_thread::yield();
  }
}

TEST(Leak, WhoeverIsKilledWheneverNothingIsLeft) {
  const char* given = std::getenv("LOCKSTEP_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                                         : std::random_device{}();
  std::printf("seed %u (LOCKSTEP_TEST_SEED=%u repeats it)\n", seed, seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + " of seed " + std::to_string(seed));
    const TemporaryFolder folder;
    ExitWrites writes(folder.path() + "/job");
    LaunchedRun run(RanksWithStrays(),
                    {.close_stdout = false, .env = {}, .job_dir = folder.path() + "/job"});
    run.RunFor(static_cast<int>(random() % 200'000));
    const std::vector<pid_t> ranks = run.Ranks();
    const bool kill_rank = !ranks.empty() && random() % 2 == 0;
    kill(kill_rank ? ranks[random() % ranks.size()] : run.pid(), SIGKILL);
    run.Await();
    ASSERT_TRUE(run.AwaitNothingLeft());
    const Result<JobLife> life = AwaitLockGone(run.dir());
    ASSERT_TRUE(life.ok()) << life.status().ToString();
    if (*life == JobLife::kNotStarted) {
      EXPECT_FALSE(kill_rank);
      EXPECT_EQ(writes.Count(), 0);
      continue;
    }
    EXPECT_EQ(*life, JobLife::kEnded);
    EXPECT_EQ(writes.Count(), 1);
    const Result<ExitRecord> record = run.dir().ReadExit();
    ASSERT_TRUE(record.ok()) << record.status().ToString();
    EXPECT_EQ(record->cause, kill_rank ? ExitCause::kSignal : ExitCause::kLauncherLost);
  }
}

}  // namespace
}  // namespace lockstep
