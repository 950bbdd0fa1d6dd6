// lockstep logs: the right trial, ranks, generation and lines.
#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

class LogsTest : public LockstepTest {};

TEST_F(LogsTest, TrialsOfAnExperimentRanksAndLinesAreChosen) {
  const std::string script =
      "echo 2020-01-01T00:00:00Z old; echo accuracy=${x} of $$LOCKSTEP_RANK; echo last";
  const std::string file = WriteFile("three.yaml", ExperimentYaml("three", script, 1, 3));
  ASSERT_EQ(Run({"apply", "-f", file}).code, 0);
  ASSERT_EQ(Run({"wait", "experiment/three", "--for=condition=Succeeded"}).code, 0);
  const std::string trial =
      Get("experiment", "three")["status"]["currentOptimalTrial"]["bestTrialName"];

  const Outcome latest = Run({"logs", "three", "--rank", "1", "--tail", "1"});
  EXPECT_EQ(latest.out, "last\n");
  EXPECT_EQ(latest.err,
            "The latest trial is " + trial + "; --trial best|latest|NAME shows another.\n");
  EXPECT_EQ(Run({"logs", "exp/three", "--trial", "best", "--rank", "2", "--grep", "of"}).out,
            Run({"logs", trial, "--rank", "2", "--tail", "2", "--grep", "accuracy"}).out);
  const std::string two =
      Run({"logs", "three", "--trial", trial, "--rank", "0,2", "--grep", "^last$"}).out;
  EXPECT_TRUE(two == "[0] last\n[2] last\n" || two == "[2] last\n[0] last\n") << two;
  EXPECT_EQ(Run({"logs", trial, "--rank", "1", "--since", "1h"}).out, "");  // after an old time

  const std::vector<std::pair<std::vector<std::string>, const char*>> missing = {
      {{"logs", trial, "--rank", "1-3"}, "ranks 0 to 2: there is no rank 3"},
      {{"logs", "three", "--trial", "none"}, "no trial of Experiment default/three is called none"},
      {{"logs", trial, "--previous"}, "was never started again"},
      {{"logs", "nothing", "--trial", "best"}, "Experiment default/nothing"}};
  for (const auto& [words, message] : missing) {
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  }
  const std::vector<std::pair<std::vector<std::string>, const char*>> wrong = {
      {{"logs", trial, "--rank", "a"}, "'a' names no ranks"},
      {{"logs", trial, "--grep", "("}, "'(' is no RE2"},
      {{"logs", trial, "--since", "soon"}, "--since: 'soon'"},
      {{"logs", "trial/" + trial, "--trial", "best"}, "--trial chooses"}};
  for (const auto& [words, message] : wrong) {
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 4) << outcome.err;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  }
}

TEST_F(LogsTest, AJobsGenerationsAreShownOneAfterTheOther) {
  const std::string file = WriteFile("again.yaml",
                                     "apiVersion: lockstep.dev/v1alpha1\n"
                                     "kind: TrainingJob\n"
                                     "metadata: {name: again}\n"
                                     "spec:\n"
                                     "  maxRestarts: 1\n"
                                     "  roles:\n"
                                     "  - name: worker\n"
                                     "    replicas: 1\n"
                                     "    template: {spec: {containers: [{name: main, image: none, "
                                     "command: [sh, -c, 'echo a; echo run "
                                     "$$LOCKSTEP_GENERATION; exit $$((1 - "
                                     "LOCKSTEP_GENERATION))']}]}}\n");
  ASSERT_EQ(Run({"apply", "-f", file}).code, 0);
  ASSERT_EQ(Run({"wait", "trainingjob/again", "--for=condition=Succeeded"}).code, 0);
  EXPECT_EQ(Run({"logs", "again"}).out, "[0] a\n[0] run 1\n");
  EXPECT_EQ(Run({"logs", "again", "--previous"}).out, "[0] a\n[0] run 0\n");
  EXPECT_EQ(Run({"logs", "tj/again", "-f", "--previous", "--rank", "0", "--grep", "run"}).out,
            "run 0\n");
}

}  // namespace
}  // namespace lockstep
