// What is wanted of objects, and what follows from it: the pure part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "operators/api/conditions.h"
#include "operators/api/intent.h"
#include "operators/reconcile/deadline.h"
#include "operators/reconcile/retention.h"
#include "operators/reconcile/success_policy.h"
#include "operators/reconcile/suspension.h"
#include "operators/reconcile/trial_wish.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime kNow{std::chrono::seconds(1'795'600'000)};

TEST(Deadline, TimeLeftIsRoundedUpAndNeverNegative) {
  const std::string start = FormatTime(kNow);
  const milliseconds deadline = minutes(90);
  EXPECT_EQ(TimeLeft(deadline, start, kNow), deadline);
  EXPECT_EQ(TimeLeft(deadline, start, kNow + microseconds(1)), deadline) << "never too early";
  EXPECT_EQ(TimeLeft(deadline, start, kNow + minutes(89)), milliseconds(minutes(1)));
  EXPECT_EQ(TimeLeft(deadline, start, kNow + minutes(90)), milliseconds(0));
  EXPECT_EQ(TimeLeft(deadline, start, kNow + hours(99)), milliseconds(0));
  EXPECT_EQ(TimeLeft(std::nullopt, start, kNow), std::nullopt);
  EXPECT_EQ(TimeLeft(deadline, "", kNow), std::nullopt) << "it has not started";
}

TEST(Deadline, OfTwoTheFirstCountsAndAGenerationGetsWhatIsLeft) {
  TrainingJob job;
  EXPECT_FALSE(NearestDeadline(job, kNow));
  EXPECT_EQ(ActiveSecondsLeft(job, kNow), std::nullopt);
  job.spec.active_deadline_seconds = 60;
  EXPECT_EQ(ActiveSecondsLeft(job, kNow), 60) << "it starts now";
  job.status.start_time = FormatTime(kNow);
  EXPECT_EQ(ActiveSecondsLeft(job, kNow + milliseconds(12'500)), 48) << "rounded up";
  EXPECT_EQ(ActiveSecondsLeft(job, kNow + minutes(9)), 1) << "0 would be no deadline";
  auto nearest = NearestDeadline(job, kNow + milliseconds(12'500));
  ASSERT_TRUE(nearest);
  EXPECT_EQ(nearest->left, milliseconds(47'500));
  EXPECT_TRUE(nearest->of_spec);
  job.meta.annotations[kDeadlineAnnotation] = "30s";
  nearest = NearestDeadline(job, kNow);
  EXPECT_EQ(nearest->left, milliseconds(30'000));
  EXPECT_FALSE(nearest->of_spec);
  EXPECT_EQ(CourseOf(job, kNow + minutes(1)), JobCourse::kStopLate);
  job.spec.active_deadline_seconds = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(NearestDeadline(job, kNow)->left, milliseconds(30'000)) << "no overflow";
}

Experiment With(Labels annotations) {
  Experiment experiment;
  experiment.meta.annotations = std::move(annotations);
  return experiment;
}
Experiment Ended(Labels annotations, const char* reason) {
  Experiment experiment = With(std::move(annotations));
  SetEnded(experiment.status.conditions, condition::kSucceeded, reason, "", kNow);
  return experiment;
}

TEST(TrialWish, FollowsTheTrialThenItsExperiment) {
  using enum TrialWish::Kind;
  Trial trial;
  Trial cancelled;
  cancelled.meta.annotations[kCancelAnnotation] = "too slow";
  const Experiment running = With({});
  const Labels keep = {{kKeepRunningAnnotation, "true"}};
  const struct {
    const char* what;
    const Trial* trial;
    std::optional<Experiment> experiment;
    TrialWish::Kind kind;
    const char* why;
  } cases[] = {
      {"alone", &trial, std::nullopt, kRun, ""},
      {"cancelled alone", &cancelled, std::nullopt, kStop, "cancelled: too slow"},
      {"cancelled", &cancelled, running, kStop, "cancelled: too slow"},
      {"runs", &trial, running, kRun, ""},
      {"suspended", &trial, With({{kSuspendAnnotation, "true"}}), kSuspend, ""},
      {"experiment cancelled", &trial, With({{kCancelAnnotation, "no money"}}), kStop,
       "stopped because the Experiment was cancelled: no money"},
      {"done", &trial, Ended({}, "ExperimentGoalReached"), kStop,
       "stopped because the Experiment is done"},
      {"done, and left to finish", &trial, Ended(keep, "ExperimentGoalReached"), kRun, ""},
      {"late, and it may not finish", &trial, Ended(keep, "ExperimentDeadlineExceeded"), kStop,
       "stopped because the Experiment's deadline has passed"},
  };
  for (const auto& c : cases) {
    const TrialWish wish = WishForTrial(*c.trial, c.experiment ? &*c.experiment : nullptr);
    EXPECT_EQ(wish.kind, c.kind) << c.what;
    EXPECT_EQ(wish.why, c.why) << c.what;
  }
}

TEST(TrialWish, TellsTheJobWhatChangedAndNothingElse) {
  using enum TrialWish::Kind;
  const Labels running = {{"a", "b"}};
  const Labels by_experiment = {{"a", "b"}, {kSuspendAnnotation, kSuspendedByExperiment}};
  const Labels by_user = {{"a", "b"}, {kSuspendAnnotation, "true"}};
  const struct {
    const char* what;
    Labels job;
    TrialWish wish;
    std::optional<Labels> wanted;
  } cases[] = {
      {"runs", running, {kRun, ""}, std::nullopt},
      {"suspended", running, {kSuspend, ""}, by_experiment},
      {"still suspended", by_experiment, {kSuspend, ""}, std::nullopt},
      {"by its user already", by_user, {kSuspend, ""}, std::nullopt},
      {"resumed", by_experiment, {kRun, ""}, running},
      {"not what its user suspended", by_user, {kRun, ""}, std::nullopt},
      {"is being stopped", {{kStopAnnotation, "x"}}, {kSuspend, ""}, std::nullopt},
  };
  for (const auto& c : cases) {
    TrainingJob job;
    job.meta.annotations = c.job;
    EXPECT_EQ(WantedAnnotations({}, job, c.wish, std::nullopt), c.wanted) << c.what;
  }
  TrainingJob job;
  const auto early = WantedAnnotations({}, job, {kSuspend, ""}, "loss is 9");
  ASSERT_TRUE(early);
  EXPECT_EQ(early->at(kStopAnnotation), "stopped early: loss is 9");
  EXPECT_EQ(early->at(kEarlyStopAnnotation), "true");
  const auto done = WantedAnnotations({}, job, {kStop, "done"}, "loss is 9");
  EXPECT_THAT(*done, ElementsAre(testing::Pair(kStopAnnotation, "done")));
  Trial late;
  late.meta.annotations[kDeadlineAnnotation] = "5m";
  EXPECT_EQ(WantedAnnotations(late, job, {kRun, ""}, std::nullopt)->at(kDeadlineAnnotation), "5m");
}

TEST(Suspension, TheCourseOfAJob) {
  const std::string start = FormatTime(kNow - hours(2));
  const struct {
    const char* what;
    Labels annotations;
    JobCourse course;
  } cases[] = {
      {"runs", {}, JobCourse::kRun},
      {"in time", {{kDeadlineAnnotation, "3h"}}, JobCourse::kRun},
      {"late", {{kDeadlineAnnotation, "2h"}, {kSuspendAnnotation, "true"}}, JobCourse::kStopLate},
      {"stopped", {{kStopAnnotation, "x"}, {kDeadlineAnnotation, "1h"}}, JobCourse::kStop},
      {"suspended", {{kSuspendAnnotation, "true"}}, JobCourse::kSuspend},
  };
  for (const auto& c : cases) {
    TrainingJob job;
    job.meta.annotations = c.annotations;
    job.status.start_time = start;
    EXPECT_EQ(CourseOf(job, kNow), c.course) << c.what;
  }
}

TEST(Suspension, TheSpecSuspendsAsTheAnnotationDoes) {
  TrainingJob job;
  job.spec.suspend = true;
  EXPECT_EQ(CourseOf(job, kNow), JobCourse::kSuspend);
  FinishSuspending(job.status, false, kNow);
  EXPECT_EQ(CourseOf(job, kNow), JobCourse::kRest);
  job.spec.suspend = false;
  EXPECT_EQ(CourseOf(job, kNow), JobCourse::kRun);
  job.meta.annotations[kSuspendAnnotation] = "true";
  EXPECT_EQ(CourseOf(job, kNow), JobCourse::kRest);
}

TEST(Suspension, TheNextStartIsAnotherGenerationAndItsTimeCountsAnew) {
  TrainingJob job;
  TrainingJobStatus& status = job.status;
  job.meta.annotations = {{kSuspendAnnotation, "true"}, {kDeadlineAnnotation, "1h"}};
  status.start_time = FormatTime(kNow);
  status.active = 2;
  SetTrue(status.conditions, condition::kRunning, "r", "", kNow);
  EXPECT_FALSE(IsSuspending(status));
  BeginSuspending(status, kNow);
  EXPECT_TRUE(IsSuspending(status));
  EXPECT_FALSE(IsSuspended(status)) << "its ranks still run";
  FinishSuspending(status, true, kNow);
  EXPECT_TRUE(IsSuspended(status));
  EXPECT_FALSE(IsTrue(status.conditions, condition::kRunning));
  EXPECT_EQ(status.generation, 1);
  EXPECT_EQ(status.active, 0);
  EXPECT_EQ(CourseOf(job, kNow + hours(9)), JobCourse::kRest) << "no time passes";
  EXPECT_EQ(status.start_time, FormatTime(kNow)) << "as long as it rests";
  job.meta.annotations.erase(kSuspendAnnotation);
  EXPECT_EQ(CourseOf(job, kNow + hours(9)), JobCourse::kRun) << "not late: it is to be resumed";
  Resume(status, kNow + hours(9));
  EXPECT_EQ(status.start_time, "") << "it may have to wait for GPUs: no deadline runs";
  EXPECT_FALSE(IsSuspended(status));
  EXPECT_EQ(CourseOf(job, kNow + hours(9)), JobCourse::kRun);
}

TEST(SuccessPolicy, ACancelledExperimentFailsWithTheReason) {
  EXPECT_FALSE(DecideCancelled({}));
  const auto end = DecideCancelled(With({{kCancelAnnotation, "no money"}}).meta);
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->succeeded);
  EXPECT_EQ(end->reason, "ExperimentCancelled");
  EXPECT_EQ(end->message, "Experiment was cancelled: no money");
}

TEST(SuccessPolicy, AnExperimentThatIsOutOfTimeSucceedsWithWhatItFound) {
  const ObjectMeta meta = With({{kDeadlineAnnotation, "90m"}}).meta;
  ExperimentStatus status;
  status.start_time = FormatTime(kNow);
  EXPECT_FALSE(DecideLate(meta, status, kNow + minutes(89)));
  EXPECT_FALSE(DecideLate({}, status, kNow + hours(999)));
  const auto failed = DecideLate(meta, status, kNow + minutes(90));
  ASSERT_TRUE(failed);
  EXPECT_FALSE(failed->succeeded);
  EXPECT_EQ(failed->reason, "ExperimentDeadlineExceeded");
  EXPECT_THAT(failed->message, HasSubstr("lockstep.dev/deadline (90m) has passed before"));
  status.trials_succeeded = 4;
  const auto succeeded = DecideLate(meta, status, kNow + minutes(90));
  ASSERT_TRUE(succeeded);
  EXPECT_TRUE(succeeded->succeeded);
  EXPECT_THAT(succeeded->message, HasSubstr("after 4 trials succeeded"));
}

EndedJob Job(const char* name, milliseconds ago, std::uint64_t bytes) {
  return {.key = {"TrainingJob", "default", name}, .ended = kNow - ago, .bytes = bytes};
}
std::vector<std::string> Removed(std::vector<EndedJob> jobs, std::uint64_t bytes_max) {
  std::vector<std::string> names;
  for (const LogRemoval& removal : LogsToRemove(std::move(jobs), kNow, bytes_max))
    names.push_back(removal.key.name);
  return names;
}

TEST(Retention, LogsGoWhenTheirTimeIsOver) {
  EndedJob kept_for_an_hour = Job("hour", hours(1), 1);
  kept_for_an_hour.ttl = hours(1);
  EndedJob retained = Job("retained", hours(24 * 999), 1);
  retained.retain = true;
  const std::vector<EndedJob> jobs = {Job("new", minutes(1), 1), Job("week", hours(24 * 7), 1),
                                      Job("days", hours(24 * 6), 1), kept_for_an_hour, retained};
  EXPECT_THAT(Removed(jobs, 1'000), ElementsAre("week", "hour"));
  EXPECT_THAT(LogsToRemove(jobs, kNow, 1'000)[0].why, HasSubstr("kept for 7d after"));
}

TEST(Retention, TheOldestGoWhileAllTogetherAreTooLargeButNeverTheLast) {
  const std::vector<EndedJob> jobs = {Job("c", hours(1), 40), Job("a", hours(3), 40),
                                      Job("b", hours(2), 40)};
  EXPECT_THAT(Removed(jobs, 120), IsEmpty());
  EXPECT_THAT(Removed(jobs, 119), ElementsAre("a"));
  EXPECT_THAT(Removed(jobs, 79), ElementsAre("a", "b"));
  EXPECT_THAT(Removed(jobs, 0), ElementsAre("a", "b"));
  EXPECT_THAT(LogsToRemove(jobs, kNow, 79)[0].why, HasSubstr("--jobs-size-max"));
  std::vector<EndedJob> with_retained = jobs;
  with_retained[1].retain = true;
  with_retained[1].bytes = 1'000'000;
  EXPECT_THAT(Removed(with_retained, 80), IsEmpty()) << "what is retained counts for nothing";
  EXPECT_THAT(Removed({}, 0), IsEmpty());
}

}  // namespace
}  // namespace lockstep
