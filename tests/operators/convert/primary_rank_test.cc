#include "operators/convert/primary_rank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using testing::HasSubstr;

JobRole Role(const char* name, int replicas, Labels labels) {
  JobRole role;
  role.name = name;
  role.replicas = replicas;
  role.pod_template.metadata.labels = std::move(labels);
  role.pod_template.spec.containers.resize(1);
  role.pod_template.spec.containers[0].name = "main";
  return role;
}

TrainingJob ChiefAndWorkers() {
  TrainingJob job;
  job.spec.source = Json{{"kind", "TFJob"}};
  job.spec.roles = {Role("chief", 1, {{"type", "chief"}, {"job-role", "master"}}),
                    Role("worker", 2, {{"type", "worker"}, {"index", "${lockstep.index}"}})};
  return job;
}

TEST(PrimaryRank, IsTheLowestWhosePodHasAllLabels) {
  const TrainingJob job = ChiefAndWorkers();
  const struct {
    Labels labels;
    int rank;
  } cases[] = {
      {{}, 0},
      {{{"job-role", "master"}}, 0},
      {{{"type", "worker"}}, 1},
      {{{"type", "worker"}, {"index", "1"}}, 2},
  };
  for (const auto& c : cases) {
    const Result<int> rank = PrimaryRank(job, c.labels);
    ASSERT_TRUE(rank.ok()) << rank.status().ToString();
    EXPECT_EQ(*rank, c.rank);
  }
}

TEST(PrimaryRank, OfLabelsThatNoPodHasTheMessageTellsThoseThatThereAre) {
  const Result<int> rank = PrimaryRank(ChiefAndWorkers(), {{"type", "ps"}});
  ASSERT_EQ(rank.status().kind(), StatusKind::kInvalidArgument);
  EXPECT_THAT(rank.status().message(), HasSubstr("no pod of the job has type=ps"));
  EXPECT_THAT(rank.status().message(),
              HasSubstr("the first chief has job-role=master, type=chief"));
  EXPECT_THAT(rank.status().message(), HasSubstr("the first worker has index=0, type=worker"));
}

TEST(PrimaryRank, OfHostsThatAreOnlyLentIsTheRankWhoseProgramsRunThere) {
  TrainingJob job = ChiefAndWorkers();
  job.spec.roles[1].host_only = true;
  EXPECT_EQ(PrimaryRank(job, {{"type", "worker"}}).value(), 0);
}

TEST(PrimaryRank, OfAnMpiJobIsTheLauncherWhereKatibsDefaultLabelIsOnNoPod) {
  const Labels master = {{"training.kubeflow.org/job-role", "master"}};
  TrainingJob job = ChiefAndWorkers();
  EXPECT_FALSE(PrimaryRank(job, master).ok()) << "whoever wrote it meant another pod";
  job.spec.source = Json{{"apiVersion", "kubeflow.org/v2beta1"}, {"kind", "MPIJob"}};
  EXPECT_EQ(PrimaryRank(job, master).value(), 0);
  EXPECT_FALSE(PrimaryRank(job, {{"training.kubeflow.org/job-role", "wrker"}}).ok());
}

TEST(PrimaryRank, OfATrainingJobIsItsCompletionIndex) {
  TrainingJob job = ChiefAndWorkers();
  const Labels second = {{"batch.kubernetes.io/job-completion-index", "2"}};
  EXPECT_FALSE(PrimaryRank(job, second).ok()) << "pods of a TFJob have none";
  job.spec.source = Json();
  EXPECT_EQ(PrimaryRank(job, second).value(), 2);
}

TEST(PrimaryContainer, IsTheProgramOfTheRank) {
  TrainingJob job = ChiefAndWorkers();
  PodSpec& pod = job.spec.roles[1].pod_template.spec;
  pod.containers[0].name = "tensorflow";
  pod.containers.resize(2);
  pod.containers[1].name = "proxy";
  pod.init_containers.resize(1);
  pod.init_containers[0].name = "fetch";
  EXPECT_TRUE(CheckPrimaryContainer(job, 0, "main").ok());
  EXPECT_TRUE(CheckPrimaryContainer(job, 1, "tensorflow").ok());
  EXPECT_TRUE(CheckPrimaryContainer(job, 1, "").ok());
  EXPECT_THAT(CheckPrimaryContainer(job, 1, "proxy").message(),
              HasSubstr("\"proxy\" is a sidecar of the worker"));
  EXPECT_THAT(CheckPrimaryContainer(job, 2, "fetch").message(), HasSubstr("an init container"));
  EXPECT_THAT(CheckPrimaryContainer(job, 1, "main").message(),
              HasSubstr("\"main\" is no container of the job: its container is \"tensorflow\""));
}

}  // namespace
}  // namespace lockstep
