// What every JobBackend does, on each of them: the fake by its scripts, the local one by real
// processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "operators/backend/local_backend.h"
#include "tests/operators/backend/fake_backend.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

// The same program for both kinds of backend.
struct Program {
  std::string shell;
  FakeRun fake;
};
const Program kPrintsAndSucceeds = {"echo one; echo two", {.log = "one\ntwo\n"}};
const Program kFails = {"echo oops >&2; exit 3",
                        {.log = "oops\n", .cause = "user-error", .exit_code = 3}};
// $$$$ is the shell's $$, as in a pod.
const Program kKillsItself = {"kill -9 $$$$", {.cause = "signal", .exit_code = 137, .signal = 9}};
const Program kWritesFiles = {
    "mkdir -p \"$LOCKSTEP_JOB_DIR/volumes/v/sub\"; cd \"$LOCKSTEP_JOB_DIR/volumes/v\"; "
    "printf 'loss=1\\n' > m.log; printf x > sub/b",
    {.files = {{"volumes/v/m.log", "loss=1\n"}, {"volumes/v/sub/b", "x"}}}};
const Program kRunsUntilStopped = {"echo up; exec sleep 300", {.log = "up\n", .looks = -1}};

struct Backend {
  virtual ~Backend() = default;
  virtual JobBackend& Get() = 0;
};
struct Fake final : Backend {
  JobBackend& Get() override { return backend; }
  FakeBackend backend{[](const JobPlan& plan) {
    const std::string shell = plan.spec.roles.at(0).pod_template.spec.containers.at(0).args.at(0);
    for (const Program* program :
         {&kPrintsAndSucceeds, &kFails, &kKillsItself, &kWritesFiles, &kRunsUntilStopped})
      if (program->shell == shell) return program->fake;
    return FakeRun{};
  }};
};
struct Local final : Backend {
  Local() {
    std::string pattern = std::filesystem::temp_directory_path() / "lockstep-backend-XXXXXX";
    state = mkdtemp(pattern.data());
    backend = MakeLocalBackend(
        {.jobs_dir = state, .lockstep = LOCKSTEP_PLAN_RUNNER, .volumes_dir = state + "/volumes"});
  }
  ~Local() override { std::filesystem::remove_all(state); }
  JobBackend& Get() override { return *backend; }
  std::string state;
  std::unique_ptr<JobBackend> backend;
};

using MakeBackend = std::unique_ptr<Backend> (*)();

class JobBackendConformance : public testing::TestWithParam<MakeBackend> {
 protected:
  ~JobBackendConformance() override {
    for (const JobId& id : started_) EXPECT_TRUE(Stopped(id));
  }

  JobPlan Plan(const Program& program, int generation = 0, int ranks = 1) {
    JobPlan plan;
    plan.id = {"default", "job", "0123456789abcdef", generation};
    JobRole role;
    role.name = "worker";
    role.replicas = ranks;
    Container container;
    container.command = {"sh", "-c"};
    container.args = {program.shell};
    role.pod_template.spec.containers = {container};
    plan.spec.roles = {role};
    plan.spec.grace_period_seconds = 5;
    started_.push_back(plan.id);
    return plan;
  }
  JobObservation Look(const JobId& id) {
    Result<JobObservation> observed = backend().Observe(id);
    EXPECT_TRUE(observed.ok()) << observed.status().ToString();
    return observed.ok() ? *observed : JobObservation{};
  }
  template <class Done>
  static bool Await(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      if (done()) return true;
      std::this_thread::yield();
    }
    return false;
  }
  JobObservation End(const JobId& id) {
    JobObservation last;
    EXPECT_TRUE(Await([&] {
      last = Look(id);
      return last.phase == JobPhase::kSucceeded || last.phase == JobPhase::kFailed;
    }));
    return last;
  }
  bool Stopped(const JobId& id) {
    return Await([&] { return backend().Stop(id).value(); });
  }
  std::string Log(const JobId& id) { return Read(id, RankLogName(0), 0, 1000).bytes; }
  FilePiece Read(const JobId& id, std::string_view name, std::uint64_t offset = 0,
                 std::size_t bytes_max = 1000) {
    return backend().ReadFile(id, name, offset, bytes_max).value();
  }
  JobBackend& backend() { return backend_->Get(); }

 private:
  std::unique_ptr<Backend> backend_ = GetParam()();
  std::vector<JobId> started_;
};

TEST_P(JobBackendConformance, KnowsNothingOfAJobThatWasNotApplied) {
  const JobId id{"default", "job", "0123456789abcdef", 0};
  EXPECT_EQ(Look(id).phase, JobPhase::kNotFound);
  EXPECT_TRUE(backend().Stop(id).value());
  EXPECT_EQ(Log(id), "");
  EXPECT_TRUE(backend().Forget(id).ok());
}

TEST_P(JobBackendConformance, RunsAJobToItsEndAndKeepsItsOutput) {
  const JobPlan plan = Plan(kPrintsAndSucceeds);
  ASSERT_TRUE(backend().Apply(plan).ok());
  EXPECT_EQ(End(plan.id).phase, JobPhase::kSucceeded);
  EXPECT_EQ(Log(plan.id), "one\ntwo\n");
  EXPECT_EQ(Read(plan.id, "rank-0.log", 4, 2).bytes, "tw");
  EXPECT_EQ(Read(plan.id, "rank-0.log", 8, 10).bytes, "");
}

TEST_P(JobBackendConformance, ReadsTheFilesOfAJobAndTellsThemApart) {
  const JobPlan plan = Plan(kWritesFiles);
  EXPECT_EQ(Read(plan.id, "volumes/v/m.log").identity, "") << "it is not there yet";
  EXPECT_TRUE(backend().ListFiles(plan.id, "volumes/v").value().empty());
  ASSERT_TRUE(backend().Apply(plan).ok());
  EXPECT_EQ(End(plan.id).phase, JobPhase::kSucceeded);
  const FilePiece log = Read(plan.id, "volumes/v/m.log", 5, 1);
  EXPECT_EQ(log.bytes, "1");
  EXPECT_EQ(log.size, 7U);
  EXPECT_NE(log.identity, "");
  EXPECT_EQ(Read(plan.id, "volumes/v/m.log", 7).bytes, "");
  EXPECT_EQ(Read(plan.id, "volumes/v/none").identity, "");
  const std::vector<ListedFile> files = backend().ListFiles(plan.id, "volumes/v").value();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "volumes/v/m.log");
  EXPECT_EQ(files[0].identity, log.identity);
  EXPECT_EQ(files[0].size, 7U);
  EXPECT_EQ(files[1].name, "volumes/v/sub/b");
  EXPECT_NE(files[1].identity, log.identity);
  EXPECT_TRUE(backend().ListFiles(plan.id, "volumes/none").value().empty());
}

TEST_P(JobBackendConformance, SaysWhichRankFailedAndHow) {
  const JobPlan plan = Plan(kFails);
  ASSERT_TRUE(backend().Apply(plan).ok());
  const JobObservation end = End(plan.id);
  ASSERT_EQ(end.phase, JobPhase::kFailed);
  ASSERT_TRUE(end.first_failure);
  EXPECT_EQ(end.first_failure->rank, 0);
  EXPECT_EQ(end.first_failure->cause, "user-error");
  EXPECT_EQ(end.first_failure->exit_code, 3);
  ASSERT_EQ(end.first_failure->last_lines.size(), 1U);
  EXPECT_THAT(end.first_failure->last_lines[0], HasSubstr("oops"));
}

TEST_P(JobBackendConformance, NamesTheSignal) {
  const JobPlan plan = Plan(kKillsItself);
  ASSERT_TRUE(backend().Apply(plan).ok());
  const JobObservation end = End(plan.id);
  ASSERT_TRUE(end.first_failure);
  EXPECT_EQ(end.first_failure->cause, "signal");
  EXPECT_EQ(end.first_failure->signal, 9);
}

TEST_P(JobBackendConformance, ApplyingTwiceStartsOnce) {
  const JobPlan plan = Plan(kPrintsAndSucceeds);
  ASSERT_TRUE(backend().Apply(plan).ok());
  ASSERT_TRUE(backend().Apply(plan).ok());
  EXPECT_EQ(End(plan.id).phase, JobPhase::kSucceeded);
  ASSERT_TRUE(backend().Apply(plan).ok()) << "also when it has ended";
  EXPECT_EQ(End(plan.id).phase, JobPhase::kSucceeded);
  EXPECT_EQ(Log(plan.id), "one\ntwo\n");
}

TEST_P(JobBackendConformance, CountsTheRanksThatRun) {
  const JobPlan plan = Plan(kRunsUntilStopped, 0, 2);
  ASSERT_TRUE(backend().Apply(plan).ok());
  EXPECT_TRUE(Await([&] { return Look(plan.id).phase == JobPhase::kRunning; }));
  EXPECT_EQ(Look(plan.id).active, 2);
}

TEST_P(JobBackendConformance, StopsWhatRunsAndSaysSo) {
  const JobPlan plan = Plan(kRunsUntilStopped);
  ASSERT_TRUE(backend().Apply(plan).ok());
  EXPECT_TRUE(Await([&] { return Look(plan.id).phase == JobPhase::kRunning; }));
  EXPECT_FALSE(backend().Forget(plan.id).ok()) << "it runs";
  EXPECT_TRUE(Stopped(plan.id));
  const JobObservation end = Look(plan.id);
  EXPECT_EQ(end.phase, JobPhase::kFailed);
  ASSERT_TRUE(end.first_failure);
  EXPECT_THAT(end.first_failure->cause, testing::AnyOf("stopped", "launcher-lost"));
}

TEST_P(JobBackendConformance, GenerationsAreApart) {
  ASSERT_TRUE(backend().Apply(Plan(kFails, 0)).ok());
  const JobPlan next = Plan(kPrintsAndSucceeds, 1);
  ASSERT_TRUE(backend().Apply(next).ok());
  EXPECT_EQ(End(Plan(kFails, 0).id).phase, JobPhase::kFailed);
  EXPECT_EQ(End(next.id).phase, JobPhase::kSucceeded);
  ASSERT_TRUE(backend().Forget(next.id).ok());
  EXPECT_EQ(Look(next.id).phase, JobPhase::kNotFound);
  EXPECT_EQ(Look(Plan(kFails, 0).id).phase, JobPhase::kFailed);
}

TEST_P(JobBackendConformance, FindsWhatJobsHaveLeftThatNobodyKnows) {
  const auto orphans = [&](const std::string& known) {
    return *backend().ListOrphans([&](const JobId& id) { return known.starts_with(id.uid); });
  };
  EXPECT_TRUE(orphans("").empty());
  const JobPlan first = Plan(kFails, 0);
  const JobPlan next = Plan(kPrintsAndSucceeds, 1);
  ASSERT_TRUE(backend().Apply(first).ok());
  EXPECT_EQ(End(first.id).phase, JobPhase::kFailed);
  ASSERT_TRUE(backend().Apply(next).ok());
  EXPECT_EQ(End(next.id).phase, JobPhase::kSucceeded);
  EXPECT_TRUE(orphans(next.id.uid).empty());
  const std::vector<OrphanedJob> found = orphans("another");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id.namespace_, next.id.namespace_);
  EXPECT_EQ(found[0].id.name, next.id.name);
  EXPECT_TRUE(next.id.uid.starts_with(found[0].id.uid));
  EXPECT_EQ(found[0].id.generation, 1);
  EXPECT_GE(found[0].bytes, 8U) << "two lines of the second generation alone";
  for (int generation = 0; generation < 2; ++generation) {
    JobId id = found[0].id;
    id.generation = generation;
    ASSERT_TRUE(backend().Forget(id).ok()) << "by the id it was found with";
  }
  EXPECT_TRUE(orphans("another").empty());
}

TEST_P(JobBackendConformance, WhatRunsIsNoOrphan) {
  const JobPlan plan = Plan(kRunsUntilStopped);
  ASSERT_TRUE(backend().Apply(plan).ok());
  EXPECT_TRUE(Await([&] { return Look(plan.id).phase == JobPhase::kRunning; }));
  const auto nobody = [](const JobId&) { return false; };
  EXPECT_TRUE(backend().ListOrphans(nobody)->empty());
  EXPECT_TRUE(Stopped(plan.id));
  EXPECT_EQ(backend().ListOrphans(nobody)->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(All, JobBackendConformance,
                         testing::Values(
                             +[]() -> std::unique_ptr<Backend> { return std::make_unique<Fake>(); },
                             +[]() -> std::unique_ptr<Backend> {
                               return std::make_unique<Local>();
                             }),
                         [](const auto& test) { return test.index == 0 ? "Fake" : "Local"; });

}  // namespace
}  // namespace lockstep
