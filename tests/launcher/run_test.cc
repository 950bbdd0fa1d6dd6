// `lockstep run` as a user meets it: real processes, the real command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <sstream>

#include "tests/launcher/launched_run.h"

namespace lockstep {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Shell(int ranks, const std::string& script) {
  return {"-n", std::to_string(ranks), "--", "bash", "-c", script};
}

std::vector<std::string> With(std::vector<std::string> options, std::vector<std::string> rest) {
  options.insert(options.end(), rest.begin(), rest.end());
  return options;
}

TEST(Run, ExitsZeroWhenAllRanksDo) {
  LaunchedRun run(Shell(3, "echo I am $RANK of $WORLD_SIZE"));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("[2] I am 2 of 3\n"));
  EXPECT_EQ(result.err, "");
  const Result<ExitRecord> record = run.dir().ReadExit();
  ASSERT_TRUE(record.ok()) << record.status().ToString();
  EXPECT_EQ(record->cause, ExitCause::kSucceeded);
  EXPECT_FALSE(record->failure.has_value());
  EXPECT_EQ(*run.dir().Life(), JobLife::kEnded);
}

TEST(Run, ExitsWithTheCodeOfTheFirstRankThatFailed) {
  // Rank 0 fails because rank 1 did: it is not to blame.
  LaunchedRun run(Shell(2,
                        "if [ $RANK = 1 ]; then echo out of memory >&2; exit 3; fi;"
                        "trap 'exit 9' TERM; while :; do read -t 60 x <> <(:); done"));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, ContainsRegex("lockstep: rank 1 \\(worker, pid [0-9]+ on host .+\\) "
                                        "exited with code 3\n"));
  EXPECT_THAT(result.err, HasSubstr("[1] out of memory\n"));
  EXPECT_THAT(result.err, HasSubstr(run.dir().rank_log_path(1)));
  const Result<ExitRecord> record = run.dir().ReadExit();
  ASSERT_TRUE(record.ok()) << record.status().ToString();
  EXPECT_EQ(record->cause, ExitCause::kUserError);
  EXPECT_EQ(record->failure->rank, 1);
  EXPECT_THAT(record->failure->last_lines, testing::ElementsAre("out of memory"));
}

TEST(Run, NamesTheSignalThatKilledARank) {
  LaunchedRun run(Shell(2, "if [ $RANK = 1 ]; then kill -SEGV $$; fi; exec sleep 600"));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 128 + SIGSEGV);
  EXPECT_THAT(result.err, ContainsRegex("rank 1 .* was killed by signal 11 \\(SIGSEGV\\)"));
  EXPECT_EQ(run.dir().ReadExit()->failure->signal, SIGSEGV);
}

TEST(Run, ExitCode75AsksForANewStart) {
  LaunchedRun run(Shell(2, "exit 75"));
  EXPECT_EQ(run.Await().exit_code, 75);
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kRestartMe);
}

TEST(Run, TellsWhereItSearchedForAMissingProgram) {
  LaunchedRun run({"--env", "PATH=/usr/bin:/bin", "--", "no-such-trainer"});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_THAT(result.err,
              HasSubstr("rank 0 (worker) could not be started: no program 'no-such-trainer' in "
                        "PATH (searched /usr/bin:/bin)"));
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kStartFailed);
}

TEST(Run, TellsThatAFileCannotBeExecuted) {
  const TemporaryFolder folder;
  LaunchedRun data({"--", folder.Write("data.txt", "not a program")});
  const RunResult result = data.Await();
  EXPECT_EQ(result.exit_code, 126);
  EXPECT_THAT(result.err, HasSubstr("cannot execute '" + folder.path() + "/data.txt': Permission"));

  const std::string script = folder.Write("train.sh", "#!/no/such/interpreter\n");
  ASSERT_EQ(chmod(script.c_str(), 0755), 0);
  LaunchedRun no_interpreter({"--", script});
  EXPECT_THAT(no_interpreter.Await().err, HasSubstr("its interpreter (the #! line"));
}

TEST(Run, AMasterPortThatIsInUseIsToldBeforeAnythingStarts) {
  const UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(server.get(), generic, size), 0);
  ASSERT_EQ(listen(server.get(), 1), 0);
  ASSERT_EQ(getsockname(server.get(), generic, &size), 0);
  const std::string port = "MASTER_PORT=" + std::to_string(ntohs(address.sin_port));

  LaunchedRun run(With({"--env", port}, Shell(2, "echo started")));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr(port + " is in use on this host: use another"));
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kStartFailed);

  // On another host it is none of ours.
  LaunchedRun elsewhere(With({"--env", port, "--env", "MASTER_ADDR=10.1.2.3"}, Shell(2, "true")));
  EXPECT_EQ(elsewhere.Await().exit_code, 0);
}

TEST(Run, AMasterPortThatIsNoPortIsTold) {
  for (const std::string port : {"MASTER_PORT=0", "MASTER_PORT=65536", "MASTER_PORT=29500x"}) {
    LaunchedRun run(With({"--env", port}, Shell(1, "echo started")));
    const RunResult result = run.Await();
    EXPECT_EQ(result.exit_code, 125);
    EXPECT_THAT(result.err, HasSubstr(port + " is no port: use 1 to 65535"));
  }
}

TEST(Run, StopsTheStartedRanksWhenALaterRoleCannotBeStarted) {
  const TemporaryFolder folder;
  const std::string plan = folder.Write("plan.json", R"({"roles": [
    {"name": "worker", "command": ["sleep", "600"]},
    {"name": "helper", "command": ["true"], "working_dir": "/no/such/folder"}]})");
  LaunchedRun run({"--plan", plan});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 126);
  EXPECT_THAT(result.err,
              HasSubstr("rank 1 (helper) could not be started: cannot go to the working "
                        "directory '/no/such/folder' of 'true': No such file"));
  EXPECT_TRUE(run.AwaitNothingLeft());
}

TEST(Run, KeepsLinesWholeUnderManyWriters) {
  LaunchedRun run(Shell(4,
                        "for i in $(seq 2000); do echo \"line $i of rank $RANK, in one piece\";"
                        "done; printf 'no end'"));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0);
  std::istringstream lines(result.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_GT(line.size(), 4U);
    const std::string rank(1, line[1]);
    const bool whole = line == "[" + rank + "] no end" ||
                       (line.starts_with("[" + rank + "] line ") &&
                        line.ends_with(" of rank " + rank + ", in one piece") && line.size() < 45);
    ASSERT_TRUE(whole) << "'" << line << "'";
  }
  EXPECT_EQ(count, 4 * 2001);
  const std::string log = ReadText(run.dir().rank_log_path(3));
  EXPECT_TRUE(log.starts_with("line 1 of rank 3, in one piece\n"));
  EXPECT_TRUE(log.ends_with("\nno end\n"));
}

TEST(Run, LosesNothingOfTenMegabytes) {
  LaunchedRun run(Shell(1, "head -c 10000000 /dev/zero | tr '\\0' x | fold -w 99"));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(std::ranges::count(result.out, 'x'), 10'000'000);
  EXPECT_EQ(ReadText(run.dir().merged_log_path()), result.out);
}

TEST(Run, GoesOnWhenNobodyReadsItsOutput) {
  LaunchedRun run(Shell(2, "for i in $(seq 1000); do echo line $i; done; echo done >&2"),
                  {.close_stdout = true, .env = {}, .job_dir = {}});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("[1] done\n"));
  EXPECT_THAT(ReadText(run.dir().rank_log_path(1)), HasSubstr("line 1000\ndone\n"));
}

TEST(Run, QuietPrintsNothingAndKeepsTheLogs) {
  LaunchedRun run(With({"--quiet"}, Shell(1, "echo hello; exit 4")));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.out + result.err, "");
  EXPECT_EQ(ReadText(run.dir().merged_log_path()), "[0] hello\n");
}

TEST(Run, KillsARankThatDoesNotStopInTime) {
  LaunchedRun run(With({"--grace", "100ms"},
                       Shell(2,
                             "trap '' TERM; echo ready; if [ $RANK = 1 ]; then"
                             "  until grep -q ready $LOCKSTEP_JOB_DIR/rank-0.log; do :; done;"
                             "  exit 5; fi; while :; do sleep 600; done")));
  EXPECT_EQ(run.Await().exit_code, 5);
  EXPECT_TRUE(run.AwaitNothingLeft());
}

TEST(Run, SigtermStopsTheRanksGently) {
  LaunchedRun run(Shell(2, "trap 'echo checkpoint; exit 75' TERM; echo ready; sleep 600 & wait"));
  ASSERT_TRUE(run.AwaitOutput("ready", 2));
  run.Signal(SIGTERM);
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 128 + SIGTERM);
  EXPECT_THAT(result.out, HasSubstr("[0] checkpoint\n"));
  EXPECT_THAT(result.out, HasSubstr("[1] checkpoint\n"));
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kStopped);
}

TEST(Run, TheSecondInterruptKillsAtOnce) {
  LaunchedRun run(With({"--grace", "1h"}, Shell(2,
                                                "trap 'echo heard' TERM; echo ready;"
                                                "while :; do read -t 1 x <> <(:); done")));
  ASSERT_TRUE(run.AwaitOutput("ready", 2));
  run.Signal(SIGINT);
  ASSERT_TRUE(run.AwaitOutput("heard", 2));
  run.Signal(SIGINT);
  EXPECT_EQ(run.Await().exit_code, 128 + SIGINT);
  EXPECT_TRUE(run.AwaitNothingLeft());
}

TEST(Run, TheDeadlineStopsTheRun) {
  LaunchedRun run(With({"--timeout", "300ms"}, Shell(2, "exec sleep 600")));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 124);
  EXPECT_THAT(result.err, HasSubstr("did not end within 300ms; still running: rank 0, 1"));
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kDeadline);
}

TEST(Run, UnderRank0RuleTheEndOfRank0EndsTheJob) {
  const TemporaryFolder folder;
  LaunchedRun run({"--plan", folder.Write("plan.json", R"({"success": "rank-0", "roles": [
    {"name": "chief", "command": ["true"]},
    {"name": "worker", "ranks": 2, "command": ["sleep", "600"]}]})")});
  EXPECT_EQ(run.Await().exit_code, 0);
  EXPECT_EQ(run.dir().ReadExit()->cause, ExitCause::kSucceeded);
  EXPECT_TRUE(run.AwaitNothingLeft());
}

TEST(Run, InitCommandsComeFirstAndInOrder) {
  const TemporaryFolder folder;
  const std::string plan = folder.Write("plan.json", R"({"roles": [
    {"name": "worker", "init": [{"command": ["sh", "-c", "echo a >> $F"]},
                                 {"command": ["sh", "-c", "echo b >> $F"]}],
     "command": ["sh", "-c", "cat $F"]}]})");
  LaunchedRun run({"--env", "F=" + folder.path() + "/steps", "--plan", plan});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "[0] a\n[0] b\n");
}

TEST(Run, AFailedInitCommandEndsTheJobBeforeTheRanks) {
  const TemporaryFolder folder;
  LaunchedRun run({"--plan", folder.Write("plan.json", R"({"roles": [
    {"name": "worker", "init": [{"command": ["sh", "-c", "echo no data; exit 6"]}],
     "command": ["echo", "never"]}]})")});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_EQ(result.out, "[init] no data\n");
  EXPECT_THAT(result.err, ContainsRegex("init command 'sh' \\(worker, .*\\) exited with code 6"));
  EXPECT_EQ(run.dir().ReadExit()->failure->rank, -1);
}

TEST(Run, APlanThatDoesNotParseIsToldWithLineAndColumn) {
  const TemporaryFolder folder;
  const std::string plan = folder.Write("plan.json", "{\"roles\": [\n  {\"name\": }]}");
  LaunchedRun run({"--plan", plan});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr(plan + ":2:12: no JSON"));
  EXPECT_EQ(*run.dir().Life(), JobLife::kNotStarted);
}

TEST(Run, WrongArgumentsAreUsageErrors) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "nothing to run"},
      {{"--bogus", "--", "true"}, "'--bogus' is no option of run"},
      {{"-n", "0", "--", "true"}, "roles[0].ranks: is 0"},
      {{"--grace", "3", "--", "true"}, "--grace: '3' is no duration"},
      {{"--env", "RANK=3", "--", "true"}, "env.RANK: is set by the launcher"},
      {{"--env", "X", "--", "true"}, "--env X: write it as NAME=VALUE"}};
  for (const auto& [arguments, message] : cases) {
    LaunchedRun run(arguments);
    const RunResult result = run.Await();
    EXPECT_EQ(result.exit_code, 2) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
  }
}

TEST(Run, ArgumentsReachTheProgramWordForWord) {
  LaunchedRun run({"--", "printf", "<%s>", "[1,2]", "", "{}", "--", "-n", "%%", "a,b"});
  EXPECT_EQ(run.Await().out, "[0] <[1,2]><><{}><--><-n><%%><a,b>\n");
}

TEST(Run, AJobDirectoryThatCannotBeMadeIsTold) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("file", "");
  LaunchedRun run(Shell(1, "true"), {.close_stdout = false, .env = {}, .job_dir = file + "/job"});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("make the job directory " + file + "/job: Not a directory"));
}

TEST(Run, AJobDirectoryIsUsedOnce) {
  const TemporaryFolder folder;
  const LaunchedRun::Options options{
      .close_stdout = false, .env = {}, .job_dir = folder.path() + "/job"};
  LaunchedRun first(Shell(1, "exit 7"), options);
  EXPECT_EQ(first.Await().exit_code, 7);
  LaunchedRun second(Shell(1, "true"), options);
  const RunResult result = second.Await();
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("was used by another run; choose a new one"));
  EXPECT_EQ(second.dir().ReadExit()->exit_code, 7);
}

TEST(Run, RanksGetNothingOfTheLaunchersButItsOutput) {
  LaunchedRun run(Shell(1,
                        "cat; ls /proc/self/fd; ps -o pgid= -p $$ | tr -d ' ' | "
                        "grep -qx $$ && echo own group"));
  const RunResult result = run.Await();
  // ls has one of its own, on the folder that it lists.
  EXPECT_EQ(result.out, "[0] 0\n[0] 1\n[0] 2\n[0] 3\n[0] own group\n");
}

}  // namespace
}  // namespace lockstep
