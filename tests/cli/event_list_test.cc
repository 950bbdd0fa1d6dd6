#include "cli/event_list.h"

#include <gtest/gtest.h>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

Condition At(const char* time, const char* type, const char* status, const char* reason,
             const char* message) {
  return {type, status, reason, message, time, time};
}

ObjectMeta Meta(const std::string& name, const std::string& namespace_) {
  ObjectMeta meta;
  meta.name = name;
  meta.namespace_ = namespace_;
  return meta;
}

TEST(EventListTest, ConditionsStartsAndFailuresBecomeEventsInOrder) {
  Trial trial;
  trial.meta = Meta("t", "default");
  trial.status.start_time = "2026-01-01T00:00:02Z";
  trial.status.conditions = {
      At("2026-01-01T00:00:01Z", "Created", "True", "TrialCreated", "Trial is created"),
      At("2026-01-01T00:00:09Z", "Running", "False", "TrialRunning", "Trial is over"),
      At("2026-01-01T00:00:09Z", "Failed", "True", "TrialFailed", "Trial has\nfailed")};
  TrainingJob job;
  job.meta = Meta("t", "default");
  job.status.start_time = "2026-01-01T00:00:03Z";
  job.status.completion_time = "2026-01-01T00:00:08Z";
  job.status.conditions = {At("2026-01-01T00:00:08Z", "Failed", "True", "", "gave up")};
  job.status.first_failure = FirstFailure{1, "worker", "h", "signal", 0, 9, "was killed", {}};
  job.spec.source = {{"apiVersion", "kubeflow.org/v1"}, {"kind", "TFJob"}};
  const auto events = EventsOf({trial, job});
  EXPECT_EQ(FormatTable(MakeEventTable(events, false, ParseTime("2026-01-01T00:00:10Z").value())),
            "LAST SEEN   TYPE      REASON         OBJECT    MESSAGE\n"
            "9s          Normal    TrialCreated   trial/t   Trial is created\n"
            "8s          Normal    Started        trial/t   Trial started\n"
            "7s          Normal    Started        tfjob/t   TFJob started\n"
            "2s          Warning   Failed         tfjob/t   gave up\n"
            "2s          Warning   signal         tfjob/t   rank 1 (worker) on host h, signal, "
            "signal 9: was killed\n"
            "1s          Warning   TrialFailed    trial/t   Trial has failed\n");
}

TEST(EventListTest, WhatHasNoTimeHasNotHappened) {
  Experiment experiment;
  experiment.meta = Meta("e", "ns");
  EXPECT_TRUE(EventsOf({experiment}).empty());
  experiment.status.start_time = "2026-01-01T00:00:00Z";
  experiment.status.conditions = {
      At("2026-01-01T00:00:01Z", "Running", "True", "ExperimentRunning", "runs")};
  const auto events = EventsOf({experiment});
  ASSERT_EQ(events.size(), 1u) << "Running says when it started";
  const Table table = MakeEventTable(events, true, events[0].time);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"ns", "0s", "Normal", "ExperimentRunning",
                                                     "experiment/e", "runs"}));
}

}  // namespace
}  // namespace lockstep
