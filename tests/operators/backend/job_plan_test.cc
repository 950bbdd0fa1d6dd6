#include "operators/backend/job_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/backend/variable_expansion.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The table of Kubernetes' own expansion tests, where it applies.
TEST(VariableExpansion, FollowsKubernetes) {
  const std::map<std::string, std::string> variables = {
      {"VAR_A", "A"}, {"VAR_EMPTY", ""}, {"VAR_REF", "$(VAR_A)"}};
  const std::pair<const char*, const char*> cases[] = {
      {"$(VAR_A)", "A"},
      {"___$(VAR_A)___", "___A___"},
      {"$(VAR_A)$(VAR_A)", "AA"},
      {"$(VAR_EMPTY)x", "x"},
      {"$(VAR_REF)", "$(VAR_A)"},
      {"$(MISSING)", "$(MISSING)"},
      {"$$(VAR_A)", "$(VAR_A)"},
      {"$$$(VAR_A)", "$A"},
      {"$$$$(VAR_A)", "$$(VAR_A)"},
      {"$VAR_A", "$VAR_A"},
      {"$(VAR_A", "$(VAR_A"},
      {"$", "$"},
      {"a$", "a$"},
      {"$()", "$()"},
      {"", ""},
  };
  for (const auto& [text, expanded] : cases)
    EXPECT_EQ(ExpandVariables(text, variables), expanded) << text;
}

TrainingJob Job() {
  TrainingJob job;
  job.meta.name = "fm";
  job.meta.namespace_ = "default";
  job.meta.uid = "0123456789abcdef";
  job.meta.annotations = {{kWorkingDirAnnotation, "/where/apply/ran"}, {kPathAnnotation, "/bin"}};
  JobRole role;
  role.name = "worker";
  role.replicas = 2;
  Container container;
  container.command = {"train"};
  container.args = {"--lr=$(LR)", "--out=$(OUT)"};
  container.env = {{"LR", "0.1"}, {"OUT", "/tmp/$(LR)"}};
  role.pod_template.spec.containers = {container};
  job.spec.roles = {role};
  return job;
}

TEST(JobPlan, BecomesALaunchPlan) {
  TrainingJob job = Job();
  job.spec.success_policy = "Rank0";
  job.spec.grace_period_seconds = 7;
  job.spec.active_deadline_seconds = 60;
  const auto plan = MakeLaunchPlan(MakeJobPlan(job, 3), "/jobs/fm/3");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->job, "fm-01234567");
  EXPECT_EQ(plan->generation, 3);
  EXPECT_EQ(plan->job_dir, "/jobs/fm/3");
  EXPECT_EQ(plan->success, SuccessRule::kRank0);
  EXPECT_EQ(plan->grace, std::chrono::seconds(7));
  EXPECT_EQ(plan->deadline, std::chrono::seconds(60));
  EXPECT_TRUE(plan->quiet);
  EXPECT_EQ(plan->env, (std::map<std::string, std::string>{{"PATH", "/bin"}}));
  ASSERT_EQ(plan->roles.size(), 1U);
  const LaunchRole& role = plan->roles[0];
  EXPECT_EQ(role.ranks, 2);
  EXPECT_EQ(role.working_dir, "/where/apply/ran");
  EXPECT_THAT(role.command, ElementsAre("train", "--lr=0.1", "--out=/tmp/0.1"));
  EXPECT_EQ(role.env.at("OUT"), "/tmp/0.1");
}

TEST(JobPlan, TheContainersDirectoryComesFirst) {
  TrainingJob job = Job();
  job.spec.roles[0].pod_template.spec.containers[0].working_dir = "/its/own";
  EXPECT_EQ(MakeLaunchPlan(MakeJobPlan(job, 0), "/j")->roles[0].working_dir, "/its/own");
}

TEST(JobPlan, AnInitContainerKeepsItsOwnEnvironment) {
  TrainingJob job = Job();
  Container init;
  init.command = {"fetch", "$(URL)"};
  init.env = {{"URL", "x"}};
  init.working_dir = "/data";
  Container plain;
  plain.command = {"true"};
  job.spec.roles[0].pod_template.spec.init_containers = {init, plain};
  const auto plan = MakeLaunchPlan(MakeJobPlan(job, 0), "/j");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_THAT(
      plan->roles[0].init_commands,
      ElementsAre(ElementsAre("env", "--chdir=/data", "URL=x", "fetch", "x"), ElementsAre("true")));
}

TEST(JobPlan, RefusesWhatCannotRunHereByItsPath) {
  const auto error = [](auto change) {
    TrainingJob job = Job();
    change(job);
    const auto plan = MakeLaunchPlan(MakeJobPlan(job, 0), "/j");
    EXPECT_EQ(plan.status().kind(), StatusKind::kInvalidArgument);
    return plan.status().message();
  };
  EXPECT_THAT(error([](TrainingJob& job) {
                job.spec.roles[0].pod_template.spec.containers[0].command.clear();
              }),
              HasSubstr("spec.roles[0].template.spec.containers[0].command"));
  EXPECT_THAT(
      error([](TrainingJob& job) { job.spec.roles[0].pod_template.spec.containers.clear(); }),
      HasSubstr("spec.roles[0].template.spec.containers: has 0 containers"));
  EXPECT_THAT(error([](TrainingJob& job) { job.spec.success_policy = "Chief"; }),
              HasSubstr("spec.successPolicy: 'Chief'"));
  EXPECT_THAT(error([](TrainingJob& job) { job.spec.roles.clear(); }), HasSubstr("roles"));
}

}  // namespace
}  // namespace lockstep
