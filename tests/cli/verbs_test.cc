// The verbs that change, tell, measure and export, with the real binary.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

class VerbsTest : public LockstepTest {
 protected:
  void Apply(const std::string& name, const std::string& script, int trials = 1, int ranks = 1) {
    const std::string file = WriteFile(name + ".yaml", ExperimentYaml(name, script, trials, ranks));
    const Outcome outcome = Run({"apply", "-f", file});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  void ApplyAndWait(const std::string& name, const std::string& script, int trials = 1) {
    Apply(name, script, trials);
    ASSERT_EQ(Run({"wait", "exp/" + name, "--for=condition=Succeeded"}).code, 0);
  }
  // A trial that runs until the file `go` is there.
  std::string Waiting() const {
    return "touch " + dir_ + "/up; while [ ! -e " + dir_ +
           "/go ]; do sleep 0.02; done; "
           "echo accuracy=1";
  }
  void ExpectFails(const Outcome& outcome, int code, const std::string& part) {
    EXPECT_EQ(outcome.code, code) << outcome.err << outcome.out;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }
  std::string Annotation(const std::string& name, const std::string& annotation) {
    return Get("experiment", name)["metadata"]["annotations"].value(annotation, "");
  }
  // Runs `lockstep edit` with an editor that is this shell script; $1 is the file.
  Outcome Edit(const std::string& name, const std::string& script) {
    const std::string editor = WriteFile("editor.sh", script);
    setenv("VISUAL", ("sh " + editor).c_str(), 1);
    setenv("TMPDIR", dir_.c_str(), 1);
    Outcome outcome = Run({"edit", "experiment", name});
    unsetenv("VISUAL");
    unsetenv("TMPDIR");
    return outcome;
  }
};

TEST_F(VerbsTest, ApplyingAgainKeepsTheMetricsOfADeletedTrial) {
  constexpr char kDeleted[] = "lockstep.dev/deleted-trials";
  ApplyAndWait("kept", "echo accuracy=1");
  ASSERT_EQ(Run({"delete", "trials", "--all"}).code, 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (Annotation("kept", kDeleted).empty() && std::chrono::steady_clock::now() < deadline) {
  }
  const std::string remembered = Annotation("kept", kDeleted);
  ASSERT_NE(remembered, "");
  Apply("kept", "echo accuracy=1");
  EXPECT_EQ(Annotation("kept", kDeleted), remembered);
}

TEST_F(VerbsTest, SuspendResumeAndCancelSayWhatIsWanted) {
  Apply("slow", Waiting());
  const Outcome suspended = Run({"suspend", "exp/slow"});
  EXPECT_EQ(suspended.code, 0) << suspended.err;
  EXPECT_EQ(suspended.out.rfind("experiment.kubeflow.org/slow suspended: nothing new starts", 0),
            0u)
      << suspended.out;
  EXPECT_EQ(Annotation("slow", "lockstep.dev/suspend"), "true");
  EXPECT_EQ(Run({"suspend", "experiments", "--all"}).out,
            "experiment.kubeflow.org/slow is suspended already\n");
  Apply("slow", Waiting());
  EXPECT_EQ(Annotation("slow", "lockstep.dev/suspend"), "true") << "the file does not speak of it";
  EXPECT_EQ(Run({"resume", "exp", "slow"}).out,
            "experiment.kubeflow.org/slow resumed: what was stopped starts again\n");
  EXPECT_EQ(Annotation("slow", "lockstep.dev/suspend"), "");
  EXPECT_EQ(Run({"resume", "exp/slow"}).out, "experiment.kubeflow.org/slow is not suspended\n");
  const Outcome cancelled = Run({"cancel", "exp/slow", "--reason", "wrong data"});
  EXPECT_EQ(cancelled.code, 0) << cancelled.err;
  EXPECT_EQ(Annotation("slow", "lockstep.dev/cancel"), "wrong data");
  EXPECT_EQ(Run({"cancel", "exp/slow"}).out, "experiment.kubeflow.org/slow is cancelled already\n");

  ExpectFails(Run({"suspend"}), 2, "name what to suspend");
  ExpectFails(Run({"suspend", "exp"}), 4, "exp/NAME");
  ExpectFails(Run({"suspend", "exp/none"}), 3, "Experiment default/none");
  ExpectFails(Run({"suspend", "suggestion/slow"}), 4, "lockstep suspend experiment/slow");
}

TEST_F(VerbsTest, WhatHasEndedIsNeitherSuspendedNorCancelled) {
  ApplyAndWait("done", "echo accuracy=1");
  ExpectFails(Run({"suspend", "exp/done"}), 4, "has ended as Succeeded");
  ExpectFails(Run({"cancel", "exp/done"}), 4, "has ended as Succeeded");
}

TEST_F(VerbsTest, EditChangesWhatTheEditorSaves) {
  Apply("one", Waiting());
  EXPECT_EQ(Edit("one", "exit 0").out, "Edit cancelled, no changes made.\n");
  EXPECT_EQ(Edit("one", ": > $1").out, "Edit cancelled, saved file was empty.\n");
  const Outcome edited = Edit("one", "sed -i 's/maxTrialCount: 1/maxTrialCount: 2/' $1");
  EXPECT_EQ(edited.out, "experiment.kubeflow.org/one edited\n") << edited.err;
  EXPECT_EQ(Get("experiment", "one")["spec"]["maxTrialCount"], 2);
  // Refused, then repaired with the reason at hand.
  const Outcome repaired = Edit("one", "cp $1 " + dir_ +
                                           "/seen; if grep -q 'was not changed' $1; then sed -i "
                                           "'s/maxTrialCount: x/maxTrialCount: 3/' $1; else sed -i "
                                           "'s/maxTrialCount: 2/maxTrialCount: x/' $1; fi");
  EXPECT_EQ(repaired.out, "experiment.kubeflow.org/one edited\n") << repaired.err;
  EXPECT_EQ(Get("experiment", "one")["spec"]["maxTrialCount"], 3);
  std::ifstream seen(dir_ + "/seen");
  const std::string text{std::istreambuf_iterator<char>(seen), {}};
  EXPECT_NE(text.find("# * line "), std::string::npos) << text;
  EXPECT_NE(text.find("spec.maxTrialCount"), std::string::npos) << text;
}

TEST_F(VerbsTest, AnEditThatFailsKeepsTheText) {
  Apply("one", Waiting());
  const Outcome refused = Edit("one", "sed -i 's/maxTrialCount: 1/maxTrialCount: x/' $1");
  ExpectFails(refused, 4, "saved again as it was");
  const std::size_t at = refused.err.find("what you have saved is in ");
  ASSERT_NE(at, std::string::npos) << refused.err;
  std::string path = refused.err.substr(at + 26);
  path.pop_back();
  std::ifstream kept(path);
  const std::string text{std::istreambuf_iterator<char>(kept), {}};
  EXPECT_NE(text.find("maxTrialCount: x"), std::string::npos) << path;
  ExpectFails(Edit("one", "sed -i 's/^  name: one/  name: two/' $1"), 4, "saved again as it was");
  ExpectFails(Edit("one", "exit 3"), 1, "exit code 3");
  ExpectFails(Edit("none", "true"), 3, "Experiment default/none");
}

TEST_F(VerbsTest, AnEditGoesThroughWhenOthersWriteMeanwhile) {
  Apply("one", Waiting());
  const std::string lockstep = LOCKSTEP_BINARY_DIR "/lockstep";
  const std::string label = dir_ + "/labelled";
  // The first time, somebody else suspends it while the editor is open.
  const Outcome edited =
      Edit("one", "if [ ! -e " + label + " ]; then touch " + label + "; " + lockstep +
                      " suspend exp/one; sed -i 's/maxTrialCount: 1/maxTrialCount: 2/' $1; else "
                      "grep -q 'somebody else has changed it' $1 && sed -i 's/maxTrialCount: "
                      "2/maxTrialCount: 4/' $1; fi");
  EXPECT_NE(edited.out.find("experiment.kubeflow.org/one edited\n"), std::string::npos)
      << edited.out << edited.err;
  EXPECT_EQ(Get("experiment", "one")["spec"]["maxTrialCount"], 4);
}

TEST_F(VerbsTest, EventsTellOfAnExperimentAndAllThatBelongsToIt) {
  ApplyAndWait("good", "echo accuracy=1");
  Apply("bad", "echo help; exit 3");
  ASSERT_TRUE(Eventually([&] {
    return Run({"events", "exp/bad", "--types", "Warning"}).out.find("user-error") !=
           std::string::npos;
  }));
  const Outcome warning = Run({"events", "exp/bad", "--types", "Warning", "--no-headers"});
  EXPECT_NE(warning.out.find("exit code 3"), std::string::npos) << warning.out;
  EXPECT_EQ(warning.out.find("/good"), std::string::npos) << warning.out;
  const Outcome good = Run({"events", "--for", "exp/good"});
  EXPECT_EQ(good.out.rfind("LAST SEEN   TYPE     REASON", 0), 0u) << good.out;
  for (const char* part : {"experiment/good", "trial/good-", "trainingjob/good-", "Started"}) {
    EXPECT_NE(good.out.find(part), std::string::npos) << part << " in\n" << good.out;
  }
  const std::string json = Run({"events", "exp/good", "-o", "json"}).out;
  const Json first = Json::parse(json.substr(0, json.find('\n')), nullptr, false);
  EXPECT_EQ(first["type"], "Normal") << json;
  ExpectFails(Run({"events", "exp/none"}), 3, "Experiment default/none");
  ExpectFails(Run({"events", "exp/good", "--for", "exp/bad"}), 4, "once");
  const Outcome watched = RunUntil({"events", "exp/good", "-w"}, "trainingjob/good-", SIGINT);
  EXPECT_EQ(watched.code, 130);
}

TEST_F(VerbsTest, TopShowsTheRanksThatRun) {
  EXPECT_EQ(Run({"top"}).err, "Nothing runs.\n");
  Apply("busy", "touch " + dir_ + "/up$$LOCKSTEP_RANK; while [ ! -e " + dir_ + "/go ]; do :; done",
        1, 2);
  ASSERT_TRUE(Eventually([&] {
    return std::filesystem::exists(dir_ + "/up0") && std::filesystem::exists(dir_ + "/up1");
  }));
  const Outcome jobs = Run({"top", "jobs", "--no-headers"});
  EXPECT_EQ(std::ranges::count(jobs.out, '\n'), 2) << jobs.out << jobs.err;
  EXPECT_EQ(jobs.out.rfind("busy-", 0), 0u) << jobs.out;
  EXPECT_EQ(jobs.out.find(" 0%"), std::string::npos) << "each rank keeps a core busy\n" << jobs.out;
  EXPECT_NE(Run({"top", "trials"}).out.find("   2/2 "), std::string::npos);
  EXPECT_TRUE(Eventually([&] {
    return Run({"top", "exp"}).out.find("busy         Running   1         2") != std::string::npos;
  }));
  const std::string nodes = Run({"top", "nodes"}).out;
  EXPECT_EQ(nodes.rfind("NAME", 0), 0u) << nodes;
  EXPECT_EQ(std::ranges::count(nodes, '\n'), 2) << nodes;
  ExpectFails(Run({"top", "pods"}), 2, "pods");
  WriteFile("go", "");
}

TEST_F(VerbsTest, ExportsAreWholeInEveryForm) {
  ApplyAndWait("three", "echo epoch=1 accuracy=0.1; echo epoch=2 accuracy=${x}", 3);
  const std::string csv = Run({"export", "three"}).out;
  EXPECT_EQ(csv.rfind("number,name,state,params.x,metrics.accuracy,start,end,duration\r\n0,", 0),
            0u)
      << csv;
  EXPECT_EQ(std::ranges::count(csv, '\n'), 4) << csv;
  const std::string file = dir_ + "/three.json";
  const Outcome written = Run({"export", "exp/three", "--to", "json", "-o", file});
  EXPECT_EQ(written.out, "3 trials of Experiment default/three written to " + file + "\n");
  std::ifstream stream(file);
  const Json json = Json::parse(stream, nullptr, false);
  ASSERT_TRUE(json.is_object());
  ASSERT_EQ(json["trials"].size(), 3u);
  EXPECT_EQ(json["trials"][0]["metrics"].size(), 2u);
  EXPECT_EQ(json["trials"][0]["metrics"][0]["value"], "0.1");
  EXPECT_EQ(json["experiment"]["metadata"]["name"], "three");
  const std::string db = dir_ + "/three.db";
  EXPECT_EQ(Run({"export", "three", "--to", "optuna", "-o", db}).code, 0);
  sqlite3* study = nullptr;
  ASSERT_EQ(sqlite3_open(db.c_str(), &study), SQLITE_OK);
  int complete = 0;
  sqlite3_exec(
      study,
      "SELECT count(*) FROM trials JOIN trial_values USING (trial_id) WHERE state='COMPLETE'",
      [](void* to, int, char** cells, char**) {
        *static_cast<int*>(to) = std::stoi(cells[0]);
        return 0;
      },
      &complete, nullptr);
  sqlite3_close(study);
  EXPECT_EQ(complete, 3);
  ExpectFails(Run({"export", "three", "--to", "optuna", "-o", db}), 4, "is there already");
  ExpectFails(Run({"export", "three", "--to", "optuna"}), 4, "-o three.db");
  ExpectFails(Run({"export", "trial/x"}), 4, "lockstep get");
  ExpectFails(Run({"export", "none"}), 3, "Experiment default/none");
  ExpectFails(Run({"export", "three", "-o", dir_ + "/no/such"}), 3, "no/such");
}

TEST_F(VerbsTest, DeleteTakesSelectorsAndLogs) {
  for (const char* name : {"a", "b", "c"}) ApplyAndWait(name, "echo accuracy=1");
  const auto has_logs = [&](const std::string& prefix) {
    for (const auto& entry : std::filesystem::directory_iterator(state_dir_ + "/jobs/default")) {
      if (entry.path().filename().string().starts_with(prefix)) return true;
    }
    return false;
  };
  ASSERT_TRUE(has_logs("a-"));
  EXPECT_EQ(Run({"delete", "exp/a", "--logs"}).out,
            "Experiment default/a deleted, with its logs\n");
  EXPECT_FALSE(has_logs("a-"));
  EXPECT_TRUE(has_logs("b-"));
  EXPECT_EQ(Run({"delete", "exp/b"}).out, "Experiment default/b deleted\n");
  EXPECT_TRUE(has_logs("b-")) << "without --logs they stay";
  ApplyAndWait("b", "echo accuracy=1");
  ExpectFails(Run({"delete", "exp/b", "--cascade=orphan"}), 4, "lockstep export");
  ExpectFails(Run({"delete", "exp"}), 4, "--all");
  ExpectFails(Run({"delete", "exp/b", "--logs", "--no-wait"}), 4, "--logs");
  EXPECT_EQ(Run({"delete", "trials", "-l", "katib.kubeflow.org/experiment=none"}).err,
            "Nothing to delete.\n");
  EXPECT_EQ(Run({"delete", "exp/b", "--cascade=background"}).out,
            "Experiment default/b is being deleted\n");
  EXPECT_EQ(Run({"wait", "exp/b", "--for=delete"}).code, 0);
  EXPECT_EQ(Run({"delete", "exp", "--all"}).out, "Experiment default/c deleted\n");
  EXPECT_EQ(Run({"get", "all", "-o", "name"}).out, "");
}

TEST_F(VerbsTest, WaitForSeveralObjectsAndValues) {
  for (const char* name : {"a", "b"}) Apply(name, "echo accuracy=1");
  EXPECT_EQ(Run({"wait", "exp", "--all", "--for=jsonpath={.status.trialsSucceeded}=1"}).out,
            "experiment.kubeflow.org/a condition met\nexperiment.kubeflow.org/b condition met\n");
  EXPECT_EQ(Run({"wait", "exp/a", "exp/b", "--for=condition=Succeeded"}).code, 0);
  EXPECT_EQ(Run({"wait", "exp/a", "--for=create"}).code, 0);
  ExpectFails(Run({"wait", "exp/c", "--for=create", "--timeout", "50ms"}), 5,
              "Experiment default/c");
  ExpectFails(Run({"wait", "exp/a", "--for=jsonpath={.status.trialsSucceeded}=2"}), 1,
              "has ended as Succeeded, not as {.status.trialsSucceeded}=2");
  ExpectFails(Run({"wait", "trials", "-l", "a=b", "--for=condition=Succeeded"}), 3,
              "nothing matches");
  ExpectFails(Run({"wait", "--for=delete"}), 2, "name what to wait for");
}

// The shell's words in, what it would offer out.
std::string BashOffers(const std::string& lockstep, const std::string& line) {
  const std::string script =
      "PATH=" + lockstep.substr(0, lockstep.rfind('/')) +
      ":$PATH; source <(lockstep completion bash); COMP_WORDS=(" + line +
      "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _lockstep; echo \"${COMPREPLY[*]}\"";
  std::FILE* pipe = popen(("bash -c '" + script + "'").c_str(), "r");
  char text[4000] = "";
  const std::size_t size = std::fread(text, 1, sizeof text - 1, pipe);
  EXPECT_EQ(pclose(pipe), 0);
  return {text, size};
}

TEST_F(VerbsTest, BashCompletesVerbsAndTheNamesOfARunningOperator) {
  const std::string lockstep = LOCKSTEP_BINARY_DIR "/lockstep";
  setenv("LOCKSTEP_STATE_DIR", state_dir_.c_str(), 1);
  EXPECT_EQ(BashOffers(lockstep, "lockstep desc"), "describe\n");
  EXPECT_EQ(BashOffers(lockstep, "lockstep get experiments \"\""), "\n");
  EXPECT_FALSE(std::filesystem::exists(state_dir_)) << "a key starts no operator";
  ApplyAndWait("random", "echo accuracy=1");
  EXPECT_EQ(BashOffers(lockstep, "lockstep get experiments \"\""), "random\n");
  EXPECT_EQ(BashOffers(lockstep, "lockstep logs random-").rfind("random-", 0), 0u);
  EXPECT_EQ(BashOffers(lockstep, "lockstep get exp -o = c"), "csv custom-columns=\n");
  unsetenv("LOCKSTEP_STATE_DIR");
}

TEST_F(VerbsTest, ZshAndFishScriptsAreWellFormed) {
  std::string missing;
  for (const std::string shell : {"zsh", "fish"}) {
    const std::string file = WriteFile("script", Run({"completion", shell}).out);
    if (std::system((shell + " -c true 2>/dev/null").c_str()) != 0) {
      missing += " " + shell;
      continue;
    }
    EXPECT_EQ(std::system((shell + " -n " + file).c_str()), 0) << shell;
  }
  if (!missing.empty()) {
    GTEST_SKIP() << "ZshAndFishScriptsAreWellFormed: not installed:" << missing;
  }
}

}  // namespace
}  // namespace lockstep
