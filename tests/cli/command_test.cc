// Every way to hold the command wrong ends in one clear message and the right exit code.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "operators/store/sqlite_store.h"
#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

// By the kernel's word; before, a signal would end it without a message.
bool CatchesSigint(const Outcome&, pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    if (word != "SigCgt:") continue;
    status >> word;
    return (std::stoull(word, nullptr, 16) & (1ULL << (SIGINT - 1))) != 0;
  }
  return false;
}

class CommandTest : public LockstepTest {
 protected:
  void ExpectFails(const Outcome& outcome, int code, const std::vector<std::string>& parts) {
    EXPECT_EQ(outcome.code, code) << outcome.err << outcome.out;
    EXPECT_EQ(outcome.err.rfind("lockstep: ", 0), 0u) << outcome.err;
    for (const std::string& part : parts) {
      EXPECT_NE(outcome.err.find(part), std::string::npos) << "no '" << part << "' in\n"
                                                           << outcome.err;
    }
  }
  // Exit code 130 and one line, which tells how to go on.
  void ExpectInterrupted(Outcome outcome, const std::vector<std::string>& parts) {
    EXPECT_EQ(outcome.err.substr(0, 1), "\n") << "the terminal shows ^C before it";
    outcome.err.erase(0, 1);
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    ExpectFails(outcome, 130, parts);
  }
};

TEST_F(CommandTest, AVerbWithATypoIsAnsweredWithTheNearestOne) {
  ExpectFails(Run({"aply", "-f", "x"}), 2, {"'aply'", "did you mean apply"});
}

TEST_F(CommandTest, AWrongOptionIsAUsageError) {
  ExpectFails(Run({"get", "trials", "--nope"}), 2, {"--nope", "lockstep get --help"});
  ExpectFails(Run({"get"}), 2, {"objects"});
  ExpectFails(Run({"get", "trials", "-o", "xml"}), 2, {"xml"});
  ExpectFails(Run({}), 2, {"verb", "lockstep --help"});
  ExpectFails(Run({"delete"}), 2, {"KIND NAME"});
  ExpectFails(Run({"get", "trial", "x", "-A"}), 4, {"lockstep get trial x -n default"});
  ExpectFails(Run({"get", "all", "-w"}), 4, {"--watch"});
}

TEST_F(CommandTest, HelpIsNoError) {
  EXPECT_EQ(Run({"help"}).out, Run({"--help"}).out);
  EXPECT_EQ(Run({"--version"}).out, Run({"version"}).out);
  const Outcome help = Run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* verb :
       {"apply",   "run",      "get",     "describe", "logs",   "wait",    "best",       "delete",
        "metrics", "operator", "explain", "validate", "render", "version", "completion", "events",
        "top",     "export",   "edit",    "suspend",  "resume", "cancel"}) {
    EXPECT_NE(help.out.find(verb), std::string::npos) << verb;
  }
}

TEST_F(CommandTest, AnUnknownKindOrObjectIsNamed) {
  ExpectFails(Run({"get", "trails"}), 3, {"trails", "did you mean"});
  ExpectFails(Run({"get", "trial", "none"}), 3, {"Trial default/none"});
  ExpectFails(Run({"describe", "experiment", "none"}), 3, {"Experiment default/none"});
  ExpectFails(Run({"best", "none"}), 3, {"Experiment default/none"});
  ExpectFails(Run({"delete", "experiment", "none"}), 3, {"Experiment default/none"});
  ExpectFails(Run({"logs", "none"}), 3, {"default/none"});
  ExpectFails(Run({"wait", "trial/none", "--for=condition=Succeeded"}), 3, {"Trial default/none"});
  EXPECT_EQ(Run({"wait", "trial/none", "--for=delete"}).code, 0);
}

TEST_F(CommandTest, ExplainSaysWhatAFieldMeans) {
  const Outcome outcome = Run({"explain", "experiment.spec.parameters.feasibleSpace"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.rfind("KIND:       Experiment\nVERSION:    kubeflow.org/v1beta1\n\n"
                              "FIELD: feasibleSpace <Object>\n\n"
                              "DESCRIPTION:\n    The values the parameter may take.\n\n"
                              "FIELDS:\n  max\t<string>\n    Largest value",
                              0),
            0u)
      << outcome.out;
  EXPECT_NE(Run({"explain", "tj"}).out.find("KIND:       TrainingJob"), std::string::npos);
  EXPECT_NE(Run({"explain", "exp.spec", "--recursive"})
                .out.find("\n    feasibleSpace\t<Object>\n"
                          "      max\t<string>\n"),
            std::string::npos);
}

TEST_F(CommandTest, ExplainNamesTheNearestField) {
  ExpectFails(Run({"explain", "experiment.spec.paramters.name"}), 3,
              {"paramters", "did you mean parameters?", "maxTrialCount"});
  ExpectFails(Run({"explain", "experimet.spec"}), 3, {"did you mean experiments?"});
  ExpectFails(Run({"explain", "trialTemplate"}), 3, {"experiments.spec.trialTemplate"});
  ExpectFails(Run({"explain"}), 2, {"path", "lockstep explain --help"});
  EXPECT_FALSE(std::filesystem::exists(state_dir_)) << "no operator is needed to say so";
}

TEST_F(CommandTest, DeletingWhatIsNotThereIsNoErrorWhenAskedSo) {
  const Outcome outcome = Run({"delete", "experiment", "none", "--ignore-not-found"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out + outcome.err, "");
  const std::string file = WriteFile("none.yaml", ExperimentYaml("none", "true", 1));
  EXPECT_EQ(Run({"delete", "-f", file, "--ignore-not-found"}).code, 0);
  ExpectFails(Run({"delete", "trails", "none", "--ignore-not-found"}), 3, {"did you mean trials"});
}

TEST_F(CommandTest, AFileThatIsNotThereIsNamed) {
  ExpectFails(Run({"apply", "-f", dir_ + "/none.yaml"}), 3, {"none.yaml"});
  std::filesystem::create_directory(dir_ + "/empty");
  ExpectFails(Run({"apply", "-f", dir_ + "/empty"}), 3, {"empty", "*.yaml"});
}

TEST_F(CommandTest, YamlThatDoesNotParseIsShownWithItsPlace) {
  const std::string file = WriteFile("bad.yaml", "kind: Experiment\nspec: [1, 2\n");
  ExpectFails(Run({"apply", "-f", file}), 4, {file + ":", "nothing was changed"});
  EXPECT_FALSE(std::filesystem::exists(state_dir_)) << "no operator is needed to say so";
}

TEST_F(CommandTest, EverythingWrongInAFileIsToldAtOnce) {
  std::string yaml = ExperimentYaml("wrong", "true", 1);
  yaml.replace(yaml.find("algorithm:"), 10, "algoritm: ");
  yaml.replace(yaml.find("maxTrialCount: 1"), 16, "maxTrialCount: x");
  const std::string file = WriteFile("wrong.yaml", yaml);
  ExpectFails(Run({"apply", "-f", file}), 4,
              {file + ":7:", "algoritm", "did you mean algorithm", "spec.maxTrialCount"});
  const Outcome json = Run({"validate", file, "-o", "json"});
  EXPECT_EQ(json.code, 4);
  const Json findings = Json::parse(json.out, nullptr, false);
  ASSERT_TRUE(findings.is_array()) << json.out;
  EXPECT_GE(findings.size(), 2u);
  EXPECT_EQ(findings[0]["line"], 7);
}

TEST_F(CommandTest, FilesOfADirectoryAndTheirDocumentsAreAppliedInOrder) {
  std::filesystem::create_directory(dir_ + "/many");
  WriteFile("many/2.yaml", ExperimentYaml("d", "true", 1));
  WriteFile("many/1.yaml", ExperimentYaml("c", "true", 1) + "---\n" +
                               ExperimentYaml("b", "true", 1) + "---\n# nothing\n---\n" +
                               ExperimentYaml("a", "true", 1));
  WriteFile("many/readme.txt", "no manifest");
  const Outcome outcome = Run({"apply", "-f", dir_ + "/many", "--dry-run"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::size_t at = 0;
  for (const char* name : {"c", "b", "a", "d"}) {
    at = outcome.out.find("experiment.kubeflow.org/" + std::string(name) + " created (dry run)\n",
                          at);
    ASSERT_NE(at, std::string::npos) << name << " in\n" << outcome.out;
  }
}

TEST_F(CommandTest, ADryRunShowsWhatATrialWouldRun) {
  const std::string file = WriteFile("dry.yaml", ExperimentYaml("dry", "echo ${x}", 1));
  const Outcome outcome = Run({"apply", "-f", file, "--dry-run"});
  EXPECT_EQ(outcome.out.rfind("experiment.kubeflow.org/dry created (dry run)\n"
                              "# the job of a trial with x=0.1:\n"
                              "apiVersion: lockstep.dev/v1alpha1\nkind: TrainingJob\n",
                              0),
            0u)
      << outcome.out;
  EXPECT_NE(outcome.out.find("- echo 0.1\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("name: dry-sample\n"), std::string::npos) << outcome.out;
}

TEST_F(CommandTest, StandardInputIsAFileToo) {
  const std::string yaml = ExperimentYaml("in", "true", 1);
  EXPECT_EQ(Run({"apply", "-f", "-", "--dry-run"}, yaml)
                .out.rfind("experiment.kubeflow.org/in created (dry run)\n", 0),
            0u);
  ExpectFails(Run({"apply", "-f", "-"}, "kind: [\n"), 4, {"nothing was changed"});
  ExpectFails(Run({"apply", "-f", "-"}), 4, {"empty"});
}

TEST_F(CommandTest, OneBadDocumentMeansThatNothingIsApplied) {
  std::string bad = ExperimentYaml("bad", "true", 1);
  bad.replace(bad.find("maxTrialCount: 1"), 16, "maxTrialCount: x");
  const std::string both =
      WriteFile("both.yaml", ExperimentYaml("good", "true", 1) + "---\n" + bad);
  const std::string other = WriteFile("other.yaml", ExperimentYaml("other", "true", 1));
  ExpectFails(Run({"apply", "-f", other, "-f", both}), 4,
              {both + ":", "spec.maxTrialCount", "nothing was changed"});
  EXPECT_EQ(Run({"get", "experiments", "-o", "name"}).out, "");
}

TEST_F(CommandTest, AnUnknownKindInAFileIsRefused) {
  const std::string file =
      WriteFile("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n");
  ExpectFails(Run({"apply", "-f", file}), 4, {"pod.yaml:", "Pod"});
}

TEST_F(CommandTest, ValidateAcceptsWhatIsRight) {
  const std::string file = WriteFile("right.yaml", ExperimentYaml("right", "true", 1));
  const Outcome outcome = Run({"validate", file});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "1 object is valid\n");
}

TEST_F(CommandTest, MetricsOfALogArePrintedAsTheOperatorCollectsThem) {
  const std::string file = WriteFile("out.log",
                                     "2024-03-04T17:55:08Z epoch=1 loss=0.5 val/acc=.9\n"
                                     "loss=nan\n"
                                     "loss=0.25");
  const std::vector<std::string> args = {"metrics",  "parse",   "--metric", "loss",
                                         "--metric", "val/acc", file};
  const Outcome table = Run(args);
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(table.out,
            "NAME      VALUE                    TIME\n"
            "loss      0.5                      2024-03-04T17:55:08Z\n"
            "val/acc   .9                       2024-03-04T17:55:08Z\n"
            "loss      -                        -\n"
            "loss      0.25                     -\n");
  std::vector<std::string> json_args = args;
  json_args.insert(json_args.end(), {"-o", "json", "--compat", "katib"});
  EXPECT_EQ(Run(json_args).out,
            "{\"name\":\"loss\",\"timestamp\":\"2024-03-04T17:55:08Z\",\"value\":\"0.5\"}\n"
            "{\"name\":\"loss\",\"timestamp\":\"0001-01-01T00:00:00Z\",\"value\":\"\"}\n"
            "{\"name\":\"loss\",\"timestamp\":\"0001-01-01T00:00:00Z\",\"value\":\"0.25\"}\n");
  EXPECT_FALSE(std::filesystem::exists(state_dir_)) << "no operator is needed to say so";
}

TEST_F(CommandTest, MetricsAreFoundByTheUsersFilters) {
  const std::vector<std::string> args = {"metrics",
                                         "parse",
                                         "-",
                                         "--metric",
                                         "loss",
                                         "--metric",
                                         "acc",
                                         "--filter",
                                         "[\\[](l\\w+): (\\S+)[\\]]",
                                         "--filter",
                                         "(acc) is (\\S+)",
                                         "-o",
                                         "json"};
  EXPECT_EQ(Run(args, "[loss: 1] acc is 2\n").out,
            "{\"name\":\"loss\",\"timestamp\":\"0001-01-01T00:00:00Z\",\"value\":\"1\"}\n"
            "{\"name\":\"acc\",\"timestamp\":\"0001-01-01T00:00:00Z\",\"value\":\"2\"}\n");
}

TEST_F(CommandTest, ABadLineOfAJsonLogIsToldAndSpoilsItOnlyForKatib) {
  const std::vector<std::string> args = {"metrics", "parse", "-",        "--metric", "loss",
                                         "-o",      "json",  "--format", "JSON"};
  const std::string log = "{\"loss\": 0.5}\nTraceback\n{\"loss\": \"0.25\"}\n";
  const Outcome ours = Run(args, log);
  EXPECT_EQ(ours.code, 0);
  EXPECT_EQ(std::ranges::count(ours.out, '\n'), 2) << ours.out;
  EXPECT_NE(ours.err.find("lockstep: warning: standard input: line 2 is no JSON object"),
            std::string::npos)
      << ours.err;
  EXPECT_NE(ours.err.find("1 bad line in all"), std::string::npos) << ours.err;
  std::vector<std::string> katib = args;
  katib.insert(katib.end(), {"--compat", "katib"});
  const Outcome theirs = Run(katib, log);
  ExpectFails(theirs, 4, {"standard input: line 2 is no JSON object"});
  EXPECT_EQ(theirs.out, "");
  EXPECT_EQ(
      Run(katib, "{\"loss\": 0.5}\n").out,
      "{\"name\":\"loss\",\"timestamp\":\"0001-01-01T00:00:00Z\",\"value\":\"unavailable\"}\n");
}

TEST_F(CommandTest, MetricsThatCannotBeParsedAreExplained) {
  ExpectFails(Run({"metrics"}), 2, {"lockstep metrics --help"});
  ExpectFails(Run({"metrics", "parse", "-"}), 2, {"--metric", "lockstep metrics parse --help"});
  ExpectFails(Run({"metrics", "parse", "-", "--metric", "loss", "--format", "text"}), 2, {"text"});
  ExpectFails(Run({"metrics", "parse", dir_ + "/none.log", "--metric", "loss"}), 3, {"none.log"});
  ExpectFails(Run({"metrics", "parse", "-", "--metric", "loss", "--filter", "(a"}), 4, {"(a"});
  ExpectFails(Run({"metrics", "parse", "-", "--metric", "loss", "--filter", "a"}), 4,
              {"two groups"});
  ExpectFails(Run({"metrics", "parse", dir_, "--metric", "loss"}), 1, {dir_});
  const Outcome none = Run({"metrics", "parse", "-", "--metric", "loss"}, "no news\n");
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(none.err, "No metrics found in standard input.\n");
}

TEST_F(CommandTest, AStateDirectoryThatIsAFileIsExplained) {
  state_dir_ = WriteFile("state", "");
  ExpectFails(Run({"get", "trials"}), 1, {state_dir_, "--state-dir"});
  ExpectFails(Run({"operator"}), 1, {state_dir_, "--state-dir"});
}

TEST_F(CommandTest, AReadOnlyStateDirectoryIsExplained) {
  // Nobody, root included, can create a file in /proc.
  state_dir_ = "/proc/lockstep";
  ExpectFails(Run({"get", "trials"}), 1, {"/proc/lockstep", "--state-dir"});
}

TEST_F(CommandTest, AStateFileOfANewerVersionIsLeftAlone) {
  std::filesystem::create_directories(state_dir_);
  const std::string path = state_dir_ + "/state.db";
  ASSERT_TRUE(SqliteStore::Open(path).ok());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version = 1000", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  ExpectFails(Run({"get", "trials"}), 1, {"state.db", "newer"});
  ExpectFails(Run({"operator"}), 1, {"state.db", "newer"});
}

TEST_F(CommandTest, TwoOperatorsOnOneDirectoryAreRefused) {
  ASSERT_EQ(Run({"operator", "--detach"}).code, 0);
  ExpectFails(Run({"operator"}), 1, {"pid " + std::to_string(OperatorPid()), state_dir_});
  EXPECT_EQ(Run({"get", "experiments"}).code, 0) << "the first one is not disturbed";
}

TEST_F(CommandTest, TheStateDirectoryIsTheOwnersAlone) {
  ASSERT_EQ(Run({"get", "experiments"}).code, 0);
  const auto mode = std::filesystem::status(state_dir_).permissions();
  EXPECT_EQ(static_cast<unsigned>(mode) & 0777, 0700u);
}

TEST_F(CommandTest, AnOperatorWithNothingToDoLeaves) {
  const Outcome outcome = Run({"operator", "--idle-timeout", "50ms"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("nothing to do"), std::string::npos) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(state_dir_ + "/operator.sock"));
}

TEST_F(CommandTest, AnOperatorStopsOnASignal) {
  const Outcome outcome = RunUntil({"operator"}, "serves", SIGTERM);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("stopped by signal 15"), std::string::npos) << outcome.err;
}

TEST_F(CommandTest, CtrlCInAWaitingVerbIsOneMessageAnd130) {
  const std::string file = WriteFile("slow.yaml", ExperimentYaml("slow", "echo up; sleep 60", 1));
  const Outcome followed = RunUntil({"apply", "-f", file, "--follow"}, "Running", SIGINT);
  ExpectInterrupted(followed, {"the Experiment goes on", "-w"});
  ExpectInterrupted(RunUntil({"get", "experiments", "-w"}, "slow", SIGINT), {"no longer watching"});
  const std::string trial = Get("experiment", "slow")["status"]["runningTrialList"][0];
  ExpectInterrupted(RunUntil({"logs", "-f", trial}, "up", SIGINT),
                    {"the job goes on", "lockstep logs -f " + trial});
  EXPECT_FALSE(Get("experiment", "slow").empty()) << "nothing was touched";
}

TEST_F(CommandTest, CtrlCInWaitSaysThatNothingWasChanged) {
  const std::string file = WriteFile("slow.yaml", ExperimentYaml("slow", "sleep 60", 1));
  ASSERT_EQ(Run({"apply", "-f", file}).code, 0);
  ASSERT_EQ(kill(OperatorPid(), SIGTERM), 0);
  ASSERT_TRUE(Eventually([&] { return OperatorPid() == 0; }));
  // It has begun when it has started the next operator.
  const Outcome outcome = RunUntil(
      {"wait", "experiment/slow", "--for=condition=Succeeded"},
      [&](const Outcome&, pid_t) { return OperatorPid() > 0; }, SIGINT);
  ExpectInterrupted(outcome, {"waits again"});
  EXPECT_FALSE(Get("experiment", "slow").empty()) << "nothing was touched";
}

TEST_F(CommandTest, CtrlCInDeleteLeavesItToTheOperator) {
  // It takes no notice of SIGTERM, for as long as the grace period of a second.
  const std::string script =
      "trap 'touch " + dir_ + "/asked' TERM; touch " + dir_ + "/up; while :; do sleep 0.02; done";
  const std::string file = WriteFile("slow.yaml", ExperimentYaml("slow", script, 1));
  ASSERT_EQ(Run({"apply", "-f", file}).code, 0);
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(dir_ + "/up"); }));
  const auto asked = [&](const Outcome&, pid_t) {
    return std::filesystem::exists(dir_ + "/asked");
  };
  ExpectInterrupted(RunUntil({"delete", "experiment/slow"}, asked, SIGINT),
                    {"lockstep wait Experiment/slow --for=delete"});
  EXPECT_EQ(Run({"wait", "Experiment/slow", "--for=delete"}).code, 0);
}

TEST_F(CommandTest, CtrlCWhileApplyReadsStandardInput) {
  ExpectInterrupted(RunUntil({"apply", "-f", "-", "--follow"}, CatchesSigint, SIGINT),
                    {"apply again"});
  EXPECT_FALSE(std::filesystem::exists(state_dir_));
}

TEST_F(CommandTest, CtrlCInRunEndsTheRanks) {
  const Outcome outcome =
      RunUntil({"run", "-n", "2", "--", "sh", "-c", "echo pid $$; exec sleep 60"}, "pid", SIGINT);
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_NE(outcome.err.find("told to stop by signal 2"), std::string::npos) << outcome.err;
  for (std::size_t at = 0; (at = outcome.out.find("pid ", at)) != std::string::npos; at += 4) {
    EXPECT_NE(kill(std::stoi(outcome.out.substr(at + 4)), 0), 0) << outcome.out;
  }
}

TEST_F(CommandTest, CtrlCStopsAnOperator) {
  const Outcome outcome = RunUntil({"operator"}, "serves", SIGINT);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("stopped by signal 2; jobs that run go on"), std::string::npos);
  EXPECT_EQ(OperatorPid(), 0);
}

TEST_F(CommandTest, WaitingTooLongIsExitCode5) {
  const std::string file = WriteFile("slow.yaml", ExperimentYaml("slow", "sleep 60", 1));
  ASSERT_EQ(Run({"apply", "-f", file}).code, 0);
  ExpectFails(Run({"wait", "experiment/slow", "--for=condition=Succeeded", "--timeout", "200ms"}),
              5, {"Experiment default/slow"});
  ExpectFails(Run({"wait", "experiment/slow", "--for=happy"}), 4, {"--for=condition=Succeeded"});
}

TEST_F(CommandTest, VersionSaysWhichOperatorRunsAndStartsNone) {
  const Outcome alone = Run({"version"});
  EXPECT_EQ(alone.code, 0);
  EXPECT_EQ(alone.out.rfind("lockstep 0.1.0", 0), 0u) << alone.out;
  EXPECT_FALSE(std::filesystem::exists(state_dir_));
  ASSERT_EQ(Run({"get", "trials"}).code, 0);
  EXPECT_NE(Run({"version"}).out.find(std::to_string(OperatorPid())), std::string::npos);
}

TEST_F(CommandTest, CompletionKnowsVerbsAndKinds) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Outcome outcome = Run({"completion", shell});
    EXPECT_EQ(outcome.code, 0) << shell;
    EXPECT_NE(outcome.out.find("__complete"), std::string::npos) << shell;
  }
  EXPECT_EQ(Run({"__complete", "des"}).out, "describe\n");
  EXPECT_EQ(Run({"__complete", "get", "trainingjobs"}).out, "trainingjobs\n");
  EXPECT_EQ(Run({"__complete"}).out, "");
  EXPECT_FALSE(std::filesystem::exists(state_dir_)) << "a key starts no operator";
}

}  // namespace
}  // namespace lockstep
