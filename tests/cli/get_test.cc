// lockstep get: what is asked for, in the form it is asked for.
#include <algorithm>
#include <csignal>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

class GetTest : public LockstepTest {
 protected:
  GetTest() {
    const std::string yaml = ExperimentYaml("one", "echo accuracy=${x}", 2) + "---\n" +
                             ExperimentYaml("two", "echo accuracy=1", 1);
    EXPECT_EQ(Run({"apply", "-f", WriteFile("both.yaml", yaml)}).code, 0);
    for (const char* name : {"experiment/one", "experiment/two"}) {
      EXPECT_EQ(Run({"wait", name, "--for=condition=Succeeded"}).code, 0);
    }
  }
};

TEST_F(GetTest, SeveralObjectsAndKindsInEveryForm) {
  const Outcome table = Run({"get", "exp", "one", "two", "none"});
  EXPECT_EQ(table.code, 3);
  EXPECT_NE(table.err.find("Experiment default/none"), std::string::npos) << table.err;
  EXPECT_EQ(table.out.rfind("NAME   STATUS      TRIALS   RUNNING   FAILED   BEST", 0), 0u)
      << table.out;
  EXPECT_NE(table.out.find("METRIC     AGE\none    Succeeded   2/2      0         0"),
            std::string::npos)
      << table.out;
  EXPECT_EQ(Run({"get", "exp/one", "suggestion/two", "-o", "name"}).out,
            "experiment.kubeflow.org/one\nsuggestion.kubeflow.org/two\n");
  const Json list = Json::parse(Run({"get", "exp,trials", "-o", "json"}).out, nullptr, false);
  ASSERT_TRUE(list.is_object());
  EXPECT_EQ(list["kind"], "List");
  EXPECT_EQ(list["items"].size(), 5u);
  EXPECT_EQ(Run({"get", "exp/two", "-o",
                 "jsonpath={.status.currentOptimalTrial.observation.metrics[0].latest}"})
                .out,
            "1");
  EXPECT_EQ(Run({"get", "exp", "--sort-by", ".spec.maxTrialCount", "-o",
                 "custom-columns=N:.metadata.name,MAX:.spec.maxTrialCount", "--no-headers"})
                .out,
            "two   1\none   2\n");

  // CSV: a line for each trial, with its parameter and its metric as they were reported.
  const std::string csv =
      Run({"get", "trials", "-l", "katib.kubeflow.org/experiment notin (two)", "-o", "csv"}).out;
  EXPECT_EQ(csv.rfind("NAME,STATUS,OBJECTIVE,params.x,metrics.accuracy,AGE\r\n", 0), 0u) << csv;
  EXPECT_EQ(std::ranges::count(csv, '\n'), 3) << csv;
  const std::string row = csv.substr(csv.find('\n') + 1);
  const std::string name = row.substr(0, row.find(','));
  const Json trial = Get("trial", name);
  const std::string x = trial["spec"]["parameterAssignments"][0]["value"];
  EXPECT_EQ(row.rfind(name + ",Succeeded," + x + "," + x + "," + x + ",", 0), 0u) << row;

  const Outcome labels = Run({"get", "trial", name, "--show-labels", "--no-headers"});
  EXPECT_NE(labels.out.find("katib.kubeflow.org/experiment=one\n"), std::string::npos);
  EXPECT_EQ(std::ranges::count(labels.out, '\n'), 1);

  const Outcome watched = RunUntil({"get", "trial", name, "-w", "-o", "jsonpath={.metadata.name}"},
                                   name + "\n", SIGINT);
  EXPECT_EQ(watched.out, name + "\n");
}

TEST_F(GetTest, WhatDoesNotGoTogetherIsRefused) {
  const std::vector<std::vector<std::string>> wrong = {
      {"get", "exp", "-w", "--sort-by", ".metadata.name"},
      {"get", "exp", "-w", "-o", "csv"},
      {"get", "exp", "one", "-l", "a=b"},
      {"get", "exp", "one", "-A"},
      {"get", "exp", "--sort-by", ".metadata.nme"},
      {"get", "exp", "-l", "a>b"}};
  for (const auto& words : wrong) {
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 4) << words.back() << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  const Outcome format = Run({"get", "exp", "-o", "jsonpath={.a[}"});
  EXPECT_EQ(format.code, 2);
  EXPECT_NE(format.err.find("column 4"), std::string::npos) << format.err;
}

}  // namespace
}  // namespace lockstep
