// Experiments from `lockstep apply` to their end, by the real binary and real processes; and what
// is left of them when something is killed on the way.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

class ExperimentTest : public LockstepTest {
 protected:
  void Apply(const std::string& name, const std::string& script, int trials, int ranks = 1) {
    const Outcome outcome = Run(
        {"apply", "-f", WriteFile(name + ".yaml", ExperimentYaml(name, script, trials, ranks))});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "experiment.kubeflow.org/" + name + " created\n");
  }
  std::vector<std::string> Lines(const std::string& file) {
    std::ifstream in(dir_ + "/" + file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  // Each started trial adds a line to `runs`.
  std::string CountRuns() const { return "echo $LOCKSTEP_JOB >> " + dir_ + "/runs; "; }
};

TEST_F(ExperimentTest, RunsToItsEndAndNamesTheBestTrial) {
  const std::string file =
      WriteFile("search.yaml", ExperimentYaml("search", "echo accuracy=${x}", 3));
  const Outcome followed = Run({"apply", "-f", file, "--follow"});
  ASSERT_EQ(followed.code, 0) << followed.err << followed.out;
  EXPECT_NE(followed.out.find("Best trial: search-"), std::string::npos) << followed.out;
  EXPECT_NE(followed.out.find("lockstep describe trial search-"), std::string::npos);
  const Json status = Get("experiment", "search")["status"];
  EXPECT_EQ(status["trialsSucceeded"], 3);
  const Json best = status["currentOptimalTrial"];
  EXPECT_EQ(best["parameterAssignments"][0]["value"], best["observation"]["metrics"][0]["latest"])
      << "the trial prints its parameter";
  const std::string trial = best["bestTrialName"];
  EXPECT_EQ(Run({"best", "search", "-o", "name"}).out, trial + "\n");
  const Outcome logs = Run({"logs", trial, "--rank", "0"});
  EXPECT_EQ(logs.out.rfind("accuracy=0.", 0), 0u) << logs.out << logs.err;
  EXPECT_NE(Run({"describe", "experiment", "search"}).out.find(trial), std::string::npos);
  EXPECT_EQ(Run({"wait", "experiment/search", "--for=condition=Succeeded"}).code, 0);
  EXPECT_EQ(Run({"wait", "experiment/search", "--for=condition=Failed"}).code, 1);
  EXPECT_EQ(Run({"apply", "-f", file}).out, "experiment.kubeflow.org/search unchanged\n");
  EXPECT_EQ(Run({"delete", "experiment", "search"}).code, 0);
  EXPECT_EQ(Run({"get", "trials", "-o", "name"}).out, "");
}

TEST_F(ExperimentTest, HopelessTrialsOfTwoRanksAreStoppedEarlyAndNothingOfThemIsLeft) {
  // The first two trials are good and end; the others report less and would run on.
  const std::string mark = "sleep 61.0" + std::to_string(getpid());
  const std::string script =
      "cd " + dir_ +
      "; if [ $RANK = 0 ]; then o=0; "
      "while ! mkdir o$o 2>/dev/null; do o=$((o + 1)); done; "
      "echo $o > n$o && mv n$o job-$LOCKSTEP_JOB; fi; "
      "while ! [ -e job-$LOCKSTEP_JOB ]; do sleep 0.02; done; read o < job-$LOCKSTEP_JOB; "
      "[ $o -lt 2 ] && a=0.8 || a=0.1; "
      "if [ $RANK = 0 ]; then for i in 1 2 3; do echo accuracy=$a; done; fi; "
      "[ $o -lt 2 ] || " +
      mark;
  std::string yaml = ExperimentYaml("hopeless", script, 4, 2);
  yaml.replace(yaml.find("  maxTrialCount"), 0,
               "  earlyStopping:\n    algorithmName: medianstop\n    algorithmSettings:\n"
               "    - {name: min_trials_required, value: \"1\"}\n"
               "    - {name: start_step, value: \"2\"}\n");
  ASSERT_EQ(Run({"apply", "-f", WriteFile("hopeless.yaml", yaml)}).code, 0);
  ASSERT_EQ(
      Run({"wait", "experiment/hopeless", "--for=condition=Succeeded", "--timeout", "40s"}).code,
      0);
  const Json status = Get("experiment", "hopeless")["status"];
  EXPECT_EQ(status["trialsSucceeded"], 2) << status.dump(1);
  ASSERT_EQ(status["trialsEarlyStopped"], 2) << status.dump(1);
  EXPECT_NE(std::system(("pgrep -f '^" + mark + "'").c_str()), 0) << "a rank is left";
  const std::string trial = status["earlyStoppedTrialList"][0];
  EXPECT_EQ(Get("trial", trial)["status"]["observation"]["metrics"][0]["max"], "0.1");
  const std::string text = Run({"describe", "trial", trial}).out;
  EXPECT_NE(text.find("accuracy, at best, is less than 0.8 at report 2 (0.1)"), std::string::npos)
      << text;
}

// As a user of Katib writes it: the ConfigMap stands after what needs it.
constexpr char kExperimentWithVolumes[] = R"(apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: rich}
spec:
  objective: {type: maximize, objectiveMetricName: accuracy}
  algorithm: {algorithmName: random}
  parallelTrialCount: 2
  maxTrialCount: 2
  parameters:
  - {name: x, parameterType: double, feasibleSpace: {min: "0.1", max: "0.9"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: x, reference: x}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            volumes:
            - {name: scratch, emptyDir: {}}
            - {name: conf, configMap: {name: settings}}
            - {name: kept, persistentVolumeClaim: {claimName: results}}
            initContainers:
            - name: beside
              restartPolicy: Always
              command: [sh, -c, "echo $$RANK > /katib/beside; trap 'exit 0' TERM;
                while :; do sleep 0.02; done"]
              volumeMounts: [{name: scratch, mountPath: /katib}]
            containers:
            - name: main
              command: [sh, -c]
              args:
              - >-
                until [ -s /katib/beside ]; do :; done;
                cp /etc/lockstep-settings/text "/results/$$NAME";
                printf %s "$$TEXT" | cmp - /etc/lockstep-settings/text &&
                printf %s "$$P_text" | cmp - /etc/lockstep-settings/text &&
                echo accuracy=${trialParameters.x}
              env:
              - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
              - {name: TEXT, valueFrom: {configMapKeyRef: {name: settings, key: text}}}
              envFrom: [{prefix: P_, configMapRef: {name: settings}}]
              volumeMounts:
              - {name: scratch, mountPath: /katib}
              - {name: conf, mountPath: /etc/lockstep-settings}
              - {name: kept, mountPath: /results}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  text: "a 'b' \"c\"\n$(NAME) $x `d`; \\ e"
)";

TEST_F(ExperimentTest, PodsHaveTheirVolumesVariablesAndSidecars) {
  const Outcome applied =
      Run({"apply", "-f", WriteFile("rich.yaml", kExperimentWithVolumes), "--follow"});
  ASSERT_EQ(applied.code, 0) << applied.out << applied.err;
  EXPECT_EQ(Get("experiment", "rich")["status"]["trialsSucceeded"], 2);
  int kept = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(state_dir_ + "/volumes/default/results")) {
    std::ifstream file(entry.path());
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}),
              "a 'b' \"c\"\n$(NAME) $x `d`; \\ e");
    EXPECT_EQ(entry.path().filename().string().rfind("rich-", 0), 0u) << "the trial's name";
    ++kept;
  }
  EXPECT_EQ(kept, 2) << "each trial left its file in the claim";
  EXPECT_FALSE(std::filesystem::exists("/katib"));
  EXPECT_FALSE(std::filesystem::exists("/etc/lockstep-settings"));
}

TEST_F(ExperimentTest, AV1alpha3ExperimentRunsToItsEndWithTheRowsOfItsOwnFilter) {
  const std::string file = LOCKSTEP_SOURCE_DIR "/tests/conformance/data/v1alpha3/shell.yaml";
  const Outcome applied = Run({"apply", "-f", file});
  ASSERT_EQ(applied.code, 0) << applied.err;
  EXPECT_NE(applied.err.find(file + ":1:13: warning: apiVersion: kubeflow.org/v1alpha3 is read as"),
            std::string::npos)
      << applied.err;
  ASSERT_EQ(Run({"wait", "experiment/shell", "--for=condition=Succeeded"}).code, 0);
  const Json status = Get("experiment", "shell")["status"];
  EXPECT_EQ(status["trialsSucceeded"], 3);
  const std::string trial = status["currentOptimalTrial"]["bestTrialName"];
  const std::string x = status["currentOptimalTrial"]["parameterAssignments"][0]["value"];
  const Json metric = status["currentOptimalTrial"]["observation"]["metrics"][0];
  EXPECT_EQ(metric["max"], "1") << "of accuracy=1e-3, as v1alpha3 read it";
  EXPECT_EQ(metric["latest"], x);
  EXPECT_EQ(Run({"logs", trial, "--rank", "0"}).out,
            "I am " + trial + " of shell\nx=" + x + "\naccuracy=1e-3 accuracy=" + x + "\n");
  EXPECT_EQ(Run({"apply", "-f", file}).out, "experiment.kubeflow.org/shell unchanged\n");
}

TEST_F(ExperimentTest, ADryRunStartsNothing) {
  const std::string file = WriteFile("dry.yaml", ExperimentYaml("dry", "true", 1));
  const Outcome outcome = Run({"apply", "-f", file, "--dry-run"});
  EXPECT_EQ(outcome.out.rfind("experiment.kubeflow.org/dry created (dry run)\n", 0), 0u);
  EXPECT_EQ(Run({"get", "experiment", "dry"}).code, 3);
}

TEST_F(ExperimentTest, AProgramThatIsMissingFailsTheTrialAndSaysWhereItWasLookedFor) {
  std::string yaml = ExperimentYaml("missing", "true", 1);
  yaml.replace(yaml.find("[sh,"), 4, "[no-such-program,");
  ASSERT_EQ(Run({"apply", "-f", WriteFile("missing.yaml", yaml)}).code, 0);
  EXPECT_EQ(Run({"wait", "experiment/missing", "--for=condition=Failed"}).code, 0);
  const std::string trial = Get("experiment", "missing")["status"]["failedTrialList"][0];
  const std::string text = Run({"describe", "trial", trial}).out;
  EXPECT_NE(text.find("no-such-program"), std::string::npos) << text;
  EXPECT_NE(text.find(getenv("PATH")), std::string::npos) << text;
}

TEST_F(ExperimentTest, ARankThatIsKilledIsNamedWithItsSignalAndLastLines) {
  Apply("killed",
        "echo rank $LOCKSTEP_RANK is up; test $LOCKSTEP_RANK = 0 || kill -9 $$$$; sleep 60", 1, 2);
  EXPECT_EQ(Run({"wait", "experiment/killed", "--for=condition=Failed"}).code, 0);
  const std::string trial = Get("experiment", "killed")["status"]["failedTrialList"][0];
  const std::string text = Run({"describe", "trial", trial}).out;
  const std::size_t at = text.find("First failure:");
  ASSERT_NE(at, std::string::npos) << text;
  const std::string line = text.substr(at, text.find('\n', at) - at);
  for (const char* part : {"rank 1", "signal 9", "host", "last line: rank 1 is up"}) {
    EXPECT_NE(line.find(part), std::string::npos) << "no '" << part << "' in: " << line;
  }
}

TEST_F(ExperimentTest, AnOperatorThatIsKilledLosesNothingAndRunsNothingTwice) {
  Apply("crash",
        CountRuns() + "while ! test -e " + dir_ +
            "/go; do sleep 0.05; done; "
            "echo accuracy=${x}",
        4);
  ASSERT_TRUE(Eventually([&] { return Lines("runs").size() >= 2; })) << "two trials should run";
  const pid_t first = OperatorPid();
  ASSERT_EQ(kill(first, SIGKILL), 0);
  ASSERT_TRUE(Eventually([&] { return OperatorPid() == 0; }));
  WriteFile("go", "");  // the running trials end while no operator is there
  const Outcome waited = Run({"wait", "experiment/crash", "--for=condition=Succeeded"});
  EXPECT_EQ(waited.code, 0) << waited.err;
  EXPECT_NE(OperatorPid(), first);
  const std::vector<std::string> runs = Lines("runs");
  EXPECT_EQ(runs.size(), 4u);
  EXPECT_EQ(std::set<std::string>(runs.begin(), runs.end()).size(), 4u) << "a trial ran twice";
  EXPECT_EQ(Get("experiment", "crash")["status"]["trialsSucceeded"], 4);
}

TEST_F(ExperimentTest, RanksStartWithTheSignalsOfAnyOtherProgram) {
  // The operator ignores SIGPIPE; a rank that inherited that would see yes fail, or never end.
  Apply("signals", "grep -E 'Sig(Ign|Blk)' /proc/self/status; yes | head -1; echo accuracy=${x}",
        1);
  ASSERT_EQ(Run({"wait", "experiment/signals", "--for=condition=Succeeded"}).code, 0);
  const std::string trial = Get("experiment", "signals")["status"]["succeededTrialList"][0];
  const std::string text = Run({"logs", trial, "--rank", "0"}).out;
  EXPECT_EQ(text.rfind("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\ny\naccuracy=", 0), 0u)
      << text;
}

TEST_F(ExperimentTest, ATrialShowsItsObjectiveShortAndItsParametersWhenAskedTo) {
  Apply("wide", "echo accuracy=0.31465215759277343", 1);
  ASSERT_EQ(Run({"wait", "experiment/wide", "--for=condition=Succeeded"}).code, 0);
  const std::string narrow = Run({"get", "trials"}).out;
  EXPECT_NE(narrow.find(" 0.31465 "), std::string::npos) << narrow;
  EXPECT_EQ(narrow.find("x="), std::string::npos) << narrow;
  EXPECT_NE(Run({"get", "trials", "-o", "wide"}).out.find(" x=0."), std::string::npos);
  EXPECT_NE(Run({"best", "wide", "-o", "json"}).out.find("\"0.31465215759277343\""),
            std::string::npos);
  const std::string all = Run({"get", "all", "-A"}).out;
  for (const char* part : {"experiment.kubeflow.org/wide ", "trial.kubeflow.org/wide-",
                           "trainingjob.lockstep.dev/wide-"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << " in\n" << all;
  }
  EXPECT_EQ(Run({"get", "experiment.kubeflow.org/wide", "-o", "name"}).out,
            "experiment.kubeflow.org/wide\n");
}

TEST_F(ExperimentTest, OnlyWhatKatibLetsChangeChanges) {
  std::string yaml = ExperimentYaml("edit", "echo accuracy=${x}", 1);
  yaml.insert(yaml.find("  maxTrialCount"), "  resumePolicy: LongRunning\n");
  const std::string file = WriteFile("edit.yaml", yaml);
  ASSERT_EQ(Run({"apply", "-f", file}).code, 0);
  ASSERT_EQ(Run({"wait", "experiment/edit", "--for=condition=Succeeded"}).code, 0);
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = yaml;
    text.replace(text.find(from), from.size(), to);
    return WriteFile("edit.yaml", text);
  };
  const Outcome fixed =
      Run({"apply", "-f", replaced("algorithmName: random", "algorithmName: sobol")});
  EXPECT_EQ(fixed.code, 4) << fixed.out;
  EXPECT_NE(fixed.err.find("spec.algorithm.algorithmName (\"sobol\", was \"random\")"),
            std::string::npos)
      << fixed.err;
  const std::string more = replaced("maxTrialCount: 1", "maxTrialCount: 3");
  EXPECT_EQ(Run({"apply", "-f", more}).out, "experiment.kubeflow.org/edit configured\n");
  EXPECT_TRUE(
      Eventually([&] { return Get("experiment", "edit")["status"]["trialsSucceeded"] == 3; }));
}

TEST_F(ExperimentTest, AFinishedExperimentThatNeverResumesIsLeftAlone) {
  Apply("ended", "echo accuracy=${x}", 1);
  ASSERT_EQ(Run({"wait", "experiment/ended", "--for=condition=Succeeded"}).code, 0);
  const std::string file =
      WriteFile("ended.yaml", ExperimentYaml("ended", "echo accuracy=${x}", 2));
  const Outcome outcome = Run({"apply", "-f", file});
  EXPECT_EQ(outcome.code, 4) << outcome.out;
  EXPECT_NE(outcome.err.find("spec.resumePolicy: the Experiment has ended"), std::string::npos)
      << outcome.err;
}

TEST_F(ExperimentTest, DeletingARunningExperimentEndsItsProcesses) {
  Apply("gone", "echo $$$$ >> " + dir_ + "/pids; exec sleep 600", 2, 2);
  ASSERT_TRUE(Eventually([&] { return Lines("pids").size() == 4; }));
  const Outcome deleted = Run({"delete", "experiment", "gone"});
  EXPECT_EQ(deleted.code, 0) << deleted.err;
  for (const std::string& pid : Lines("pids")) {
    EXPECT_NE(kill(std::stoi(pid), 0), 0) << "process " << pid << " still runs";
  }
}

}  // namespace
}  // namespace lockstep
