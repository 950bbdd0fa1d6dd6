#include "cli/process_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/usage_table.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

using std::chrono::seconds;

// 52 fields, as the kernel writes them.
std::string StatText(const std::string& comm, char state, int user, int system, int start,
                     int pages) {
  std::string text = "42 (" + comm + ") " + state;
  for (int field = 4; field <= 52; ++field) {
    const int value = field == 14   ? user
                      : field == 15 ? system
                      : field == 22 ? start
                      : field == 24 ? pages
                                    : 0;
    text += " " + std::to_string(value);
  }
  return text + "\n";
}

TEST(ProcessTableTest, AStatIsReadWhateverTheProgramIsCalled) {
  const ProcessStat expected{'R', 12, 900, 55};
  EXPECT_EQ(ParseProcessStat(StatText("sh", 'R', 5, 7, 900, 55)), expected);
  EXPECT_EQ(ParseProcessStat(StatText("a) R 1 (b", 'R', 5, 7, 900, 55)), expected);
  for (const char* wrong : {"", "42", "42 (sh)", "42 (sh) R", "42 (sh) R 1 2 3"}) {
    EXPECT_FALSE(ParseProcessStat(wrong)) << wrong;
  }
  std::string stat = StatText("sh", 'S', 5, 7, 900, 55);
  for (; !stat.empty(); stat.pop_back()) (void)ParseProcessStat(stat);
}

TEST(ProcessTableTest, ARankIsKnownByItsEnvironment) {
  using namespace std::string_literals;
  const auto rank = ParseRankEnvironment("A=1\0LOCKSTEP_JOB_DIR=/j/0\0LOCKSTEP_RANK=3\0"s);
  ASSERT_TRUE(rank);
  EXPECT_EQ(rank->first, "/j/0");
  EXPECT_EQ(rank->second, 3);
  for (const std::string& none : {""s, "LOCKSTEP_RANK=3\0"s, "LOCKSTEP_JOB_DIR=/j\0"s,
                                  "LOCKSTEP_JOB_DIR=/j\0LOCKSTEP_RANK=x\0"s}) {
    EXPECT_FALSE(ParseRankEnvironment(none));
  }
}

TEST(ProcessTableTest, UsageIsOfTheTimeBetweenTwoLooks) {
  ProcessSnapshot before;
  ProcessSnapshot after;
  after.taken = before.taken + seconds(2);
  before.processes = {{10, "/j/0", 0, {'R', 100, 1, 10}}, {11, "/j/0", 1, {'R', 100, 1, 10}}};
  after.processes = {{10, "/j/0", 0, {'R', 250, 1, 20}},  // 150 ticks in 2 s: 0.75 of a core
                     {11, "/j/0", 1, {'R', 40, 9, 5}},    // another process with the old number
                     {12, "/j/0", 0, {'S', 50, 2, 1}}};
  const RankUsage usage = UsageBetween(before, after, 100, 4096);
  ASSERT_EQ(usage.size(), 2u);
  const Usage& zero = usage.at({"/j/0", 0});
  EXPECT_EQ(zero.processes, 2);
  EXPECT_DOUBLE_EQ(zero.cpu, 0.75 + 0.25);
  EXPECT_EQ(zero.memory_bytes, 21u * 4096);
  EXPECT_DOUBLE_EQ(usage.at({"/j/0", 1}).cpu, 0.2);
}

TEST(ProcessTableTest, ASnapshotReadsTheProcDirectory) {
  char path[] = "/tmp/lockstep-proc-XXXXXX";
  const std::string proc = mkdtemp(path);
  const auto add = [&](const std::string& pid, std::string_view environ, const std::string& stat) {
    std::filesystem::create_directory(proc + "/" + pid);
    std::ofstream(proc + "/" + pid + "/environ") << environ;
    std::ofstream(proc + "/" + pid + "/stat") << stat;
  };
  using namespace std::string_view_literals;
  constexpr auto kRank = "LOCKSTEP_JOB_DIR=/j/0\0LOCKSTEP_RANK=1\0"sv;
  add("7", kRank, StatText("sh", 'S', 1, 2, 3, 4));
  add("8", "HOME=/\0"sv, StatText("sh", 'S', 1, 2, 3, 4));
  add("9", kRank, StatText("sh", 'Z', 1, 2, 3, 0));
  add("self", kRank, StatText("sh", 'S', 1, 2, 3, 4));
  const ProcessSnapshot snapshot = TakeProcessSnapshot(proc);
  ASSERT_EQ(snapshot.processes.size(), 1u);
  EXPECT_EQ(snapshot.processes[0].pid, 7);
  EXPECT_EQ(snapshot.processes[0].rank, 1);
  EXPECT_EQ(snapshot.processes[0].stat, (ProcessStat{'S', 3, 3, 4}));
  std::filesystem::remove_all(proc);
  EXPECT_TRUE(TakeProcessSnapshot(proc).processes.empty());
}

TEST(ProcessTableTest, AMachineIsReadFromItsThreeFiles) {
  const MachineUsage machine =
      ParseMachineUsage("cpu  10 1 5 80 4 0 0 0 7 0\ncpu0 1 1 1 1\n", "1.25 0.5 0.1 1/2 3\n",
                        "MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\n");
  EXPECT_EQ(machine.all_ticks, 100u);
  EXPECT_EQ(machine.busy_ticks, 16u);
  EXPECT_DOUBLE_EQ(machine.load, 1.25);
  EXPECT_EQ(machine.memory_bytes, 2048u * 1024);
  EXPECT_EQ(machine.memory_available_bytes, 1024u * 1024);
  EXPECT_EQ(ParseMachineUsage("", "", "").all_ticks, 0u);
}

RunningJob Job(const std::string& name) {
  RunningJob running;
  running.job.meta.name = name;
  running.job.meta.namespace_ = "default";
  running.job.meta.labels[kExperimentLabel] = "e";
  running.job.spec.roles = {{"worker", 2, {}}};
  running.job.status.start_time = "2026-01-01T00:00:00Z";
  running.job_dir = "/j/" + name;
  return running;
}

TEST(UsageTableTest, RanksTrialsAndExperimentsAddUp) {
  const std::vector<RunningJob> jobs = {Job("a"), Job("b")};
  const RankUsage usage = {{{"/j/a", 0}, {2, 0.5, 3u << 20}},
                           {{"/j/a", 1}, {1, 0.25, 1u << 20}},
                           {{"/j/other", 0}, {1, 1, 1}}};
  const WallTime now = ParseTime("2026-01-01T00:01:05Z").value();
  EXPECT_EQ(FormatTable(MakeJobUsage(jobs, usage, now)),
            "JOB   RANK   PROCESSES   CPU   MEMORY   ELAPSED\n"
            "a     0      2           50%   3.0Mi    1m5s\n"
            "a     1      1           25%   1.0Mi    1m5s\n"
            "b     -      0           0%    0        1m5s\n");
  Trial trial;
  trial.meta = jobs[0].job.meta;
  trial.status.start_time = "2026-01-01T00:00:05Z";
  EXPECT_EQ(FormatTable(MakeTrialUsage({trial}, jobs, usage, now)),
            "TRIAL   EXPERIMENT   RANKS   CPU   MEMORY   OBJECTIVE   ELAPSED\n"
            "a       e            2/2     75%   4.0Mi    -           1m\n");
  Experiment experiment;
  experiment.meta.name = "e";
  experiment.meta.namespace_ = "default";
  experiment.status.trials_running = 2;
  Experiment ended = experiment;
  ended.meta.name = "over";
  ended.status.conditions = {{"Succeeded", "True", "", "", "", ""}};
  EXPECT_EQ(
      MakeExperimentUsage({experiment, ended}, jobs, usage, now).rows,
      (std::vector<std::vector<std::string>>{{"e", "Pending", "2", "2", "75%", "4.0Mi", ""}}));
  const NodeView node{"h", 2, {100, 1000, 0, 0, 0}, {200, 1400, 1.5, 4u << 20, 1u << 20}};
  EXPECT_EQ(
      MakeNodeUsage(node, jobs, usage).rows[0],
      (std::vector<std::string>{"h", "2", "25%", "1.50", "3.0Mi/4.0Mi", "2", "2", "75%", "4.0Mi"}));
}

TEST(UsageTableTest, BytesAreShort) {
  EXPECT_EQ(FormatBytes(0), "0");
  EXPECT_EQ(FormatBytes(1023), "1023");
  EXPECT_EQ(FormatBytes(1536), "1.5Ki");
  EXPECT_EQ(FormatBytes(512u << 20), "512Mi");
  EXPECT_EQ(FormatBytes(std::uint64_t{3} << 40), "3.0Ti");
}

}  // namespace
}  // namespace lockstep
