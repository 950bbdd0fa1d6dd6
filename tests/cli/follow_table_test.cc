#include "cli/follow_table.h"

#include <gtest/gtest.h>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

const WallTime kNow = *ParseTime("2026-01-01T00:02:00Z");

void SetCondition(std::vector<Condition>& conditions, const std::string& type) {
  conditions.push_back({type, "True", type, type == "Failed" ? "rank 1 died" : "", "", ""});
}

Trial MakeTrial(const std::string& name, const std::string& state, int epoch,
                const std::string& loss, const std::string& accuracy, const std::string& end = "") {
  Trial trial;
  trial.meta.name = name;
  trial.spec.run_spec = {{"spec", {{"roles", {{{"replicas", 2}}}}}}};
  trial.status.start_time = "2026-01-01T00:01:00Z";
  trial.status.completion_time = end;
  SetCondition(trial.status.conditions, state);
  if (epoch > 0) {
    trial.status.curve = {{epoch, accuracy}};
    trial.status.observation.metrics = {{"accuracy", accuracy, accuracy, accuracy},
                                        {"loss", loss, loss, loss}};
  }
  return trial;
}

Experiment MakeExperiment() {
  Experiment experiment;
  experiment.meta.name = "mnist";
  experiment.meta.namespace_ = "default";
  experiment.spec.max_trial_count = 4;
  experiment.spec.objective =
      ObjectiveSpec{"maximize", std::nullopt, "accuracy", {"loss"}, {{"accuracy", "max"}}};
  experiment.status.start_time = "2026-01-01T00:00:00Z";
  SetCondition(experiment.status.conditions, "Running");
  experiment.status.current_optimal_trial =
      OptimalTrial{"mnist-a", {{"lr", "0.1"}}, {{{"accuracy", "0.8", "0.9", "0.9"}}}};
  return experiment;
}

std::vector<Trial> MakeTrials() {
  return {MakeTrial("mnist-a", "Succeeded", 3, "0.2", "0.9", "2026-01-01T00:01:30Z"),
          MakeTrial("mnist-b", "Running", 1, "0.7", "0.6"),
          MakeTrial("mnist-c", "Failed", 0, "", "", "2026-01-01T00:01:05Z")};
}

std::string Text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(FollowTable, ShowsEveryTrialAndTheWholeExperiment) {
  const FollowView view = MakeFollowView(MakeExperiment(), MakeTrials(), kNow);
  EXPECT_EQ(Text(RenderFollowTable(view, {.width = 120, .height = 24, .color = false})),
            "mnist  Running  2/4 trials  best accuracy 0.9 (mnist-a)  elapsed 2m  ETA 2m\n"
            "TRIAL     STATE       RANKS   EPOCH   LOSS   ACCURACY   BEST    ELAPSED\n"
            "mnist-a   Succeeded   2       3       0.2    0.9        0.9 *   30s\n"
            "mnist-b   Running     2       1       0.7    0.6        0.6     1m\n"
            "mnist-c   Failed      2       -       -      -          -       5s\n");
}

TEST(FollowTable, NoLineIsWiderThanTheScreenAndTheRestIsCounted) {
  const FollowView view = MakeFollowView(MakeExperiment(), MakeTrials(), kNow);
  EXPECT_EQ(Text(RenderFollowTable(view, {.width = 20, .height = 6, .color = false})),
            "mnist  Running  2/4…\n"
            "TRIAL     STATE    …\n"
            "mnist-a   Succeeded…\n"
            "mnist-b   Running  …\n"
            "... and 1 more tria…\n");
}

TEST(FollowTable, ColorsWholeLinesOnly) {
  const FollowView view = MakeFollowView(MakeExperiment(), MakeTrials(), kNow);
  const auto lines = RenderFollowTable(view, {.width = 9, .height = 24, .color = true});
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[1], "TRIAL   …");
  EXPECT_EQ(lines[2], "\033[32mmnist-a …\033[0m") << "the best one is green";
  EXPECT_EQ(lines[4], "\033[31mmnist-c …\033[0m") << "a failed one is red";
}

TEST(FollowChanges, OneLineForEachTrialThatChanged) {
  const FollowView before = MakeFollowView(MakeExperiment(), MakeTrials(), kNow);
  EXPECT_EQ(RenderFollowChanges(before, before), std::vector<std::string>());
  std::vector<Trial> trials = MakeTrials();
  trials[1] = MakeTrial("mnist-b", "Running", 2, "0.5", "0.7");
  const FollowView after =
      MakeFollowView(MakeExperiment(), trials, kNow + std::chrono::seconds(10));
  EXPECT_EQ(RenderFollowChanges(before, after),
            (std::vector<std::string>{
                "mnist-b Running ranks=2 epoch=2 loss=0.5 accuracy=0.7 elapsed=1m10s"}));
}

TEST(FollowEnd, NamesTheBestTrialAndWhatToTryNext) {
  Experiment experiment = MakeExperiment();
  SetCondition(experiment.status.conditions, "Succeeded");
  const FollowView view = MakeFollowView(experiment, MakeTrials(), kNow);
  EXPECT_EQ(view.eta, "") << "what has ended needs no more time";
  EXPECT_EQ(RenderFollowEnd(experiment, view),
            "\nExperiment mnist: Succeeded\n"
            "Best trial: mnist-a\n"
            "  accuracy: 0.9\n"
            "  lr: 0.1\n"
            "\n"
            "Next:\n"
            "  lockstep get trials\n"
            "  lockstep describe trial mnist-a\n"
            "  lockstep logs mnist-a\n");
}

TEST(FollowEnd, WithoutABestTrialPointsAtWhatThereIs) {
  Experiment experiment = MakeExperiment();
  experiment.status.current_optimal_trial.reset();
  SetCondition(experiment.status.conditions, "Failed");
  const FollowView view = MakeFollowView(experiment, {MakeTrials()[2]}, kNow);
  const std::string text = RenderFollowEnd(experiment, view);
  EXPECT_NE(text.find("mnist: Failed: rank 1 died"), std::string::npos) << text;
  EXPECT_NE(text.find("No trial has reported"), std::string::npos) << text;
  EXPECT_NE(text.find("describe trial mnist-c"), std::string::npos) << text;
  // The others were stopped when it failed.
  const std::vector<Trial> trials = {MakeTrial("mnist-k", "Killed", 1, "", ""), MakeTrials()[2]};
  const std::string killed = RenderFollowEnd(experiment, MakeFollowView(experiment, trials, kNow));
  EXPECT_NE(killed.find("describe trial mnist-c"), std::string::npos) << killed;
}

TEST(FollowTable, ShowsNumbersShort) {
  const Trial trial = MakeTrial("mnist-b", "Running", 1, "1.5e-07", "0.31465215759277343");
  const FollowView view = MakeFollowView(MakeExperiment(), {trial}, kNow);
  EXPECT_EQ(view.rows[0].metrics, (std::vector<std::string>{"1.5e-07", "0.31465"}));
  EXPECT_EQ(view.rows[0].best_so_far, "0.31465");
}

}  // namespace
}  // namespace lockstep
