#include "operators/observe/collector_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const ObjectiveSpec kObjective{.type = "minimize",
                               .goal = {},
                               .objective_metric_name = "loss",
                               .additional_metric_names = {"acc{set=\"$x\"}"},
                               .metric_strategies = {}};

TrainingJobSpec JobOf(int roles = 1) {
  TrainingJobSpec job;
  for (int i = 0; i < roles; ++i) {
    JobRole role;
    role.pod_template.spec.containers.resize(1);
    job.roles.push_back(role);
  }
  return job;
}
PodSpec& Pod(TrainingJobSpec& job) { return job.roles.at(0).pod_template.spec; }
void Mount(PodSpec& pod, Volume volume, const std::string& path) {
  pod.containers.at(0).volume_mounts.push_back(
      {.name = volume.name, .mount_path = path, .sub_path = {}, .read_only = false});
  pod.volumes.push_back(std::move(volume));
}
Volume EmptyDir(const std::string& name) {
  return {
      .name = name, .empty_dir = EmptyDirVolume{}, .host_path = {}, .config_map = {}, .claim = {}};
}
Volume HostPath(const std::string& name) {
  return {.name = name,
          .empty_dir = {},
          .host_path = HostPathVolume{"/data", ""},
          .config_map = {},
          .claim = {}};
}
MetricsCollectorSpec Collector(const std::string& kind, const std::string& path = "",
                               const std::string& path_kind = "File",
                               const std::string& format = "") {
  MetricsCollectorSpec spec;
  spec.collector = CollectorSpec{kind, {}};
  if (!path.empty()) {
    spec.source.emplace().file_system_path = FileSystemPath{path, path_kind, format};
  }
  return spec;
}
std::string FileOf(const MetricsCollectorSpec& spec, TrainingJobSpec& job) {
  const Status prepared = PrepareJob(spec, kObjective, job);
  EXPECT_TRUE(prepared.ok()) << prepared.message();
  return MetricSources(spec, kObjective, job).at(0).file;
}

TEST(CollectorPlan, StdOutIsRank0sLogAndChangesNoJob) {
  TrainingJobSpec job = JobOf();
  MetricsCollectorSpec spec = Collector("StdOut");
  spec.source.emplace().filter = MetricsFilter{{"(a)=(b)"}};
  EXPECT_EQ(FileOf(spec, job), "rank-0.log");
  EXPECT_EQ(job, JobOf());
  const auto sources = MetricSources(spec, kObjective, job);
  ASSERT_THAT(sources, SizeIs(1));
  EXPECT_EQ(sources[0].name, "stdout");
  EXPECT_THAT(sources[0].filters, ElementsAre("(a)=(b)"));
  EXPECT_EQ(MetricSources({}, kObjective, job).at(0).file, "rank-0.log") << "of old trials";
}

TEST(CollectorPlan, AFilesFolderIsAVolumeOfEachRankInAllRoles) {
  TrainingJobSpec job = JobOf(2);
  const auto spec = Collector("File", "/katib//out/../mnist.json", "File", "JSON");
  EXPECT_EQ(FileOf(spec, job), "volumes/rank-0/metrics-volume/mnist.json");
  for (const JobRole& role : job.roles) {
    const PodSpec& pod = role.pod_template.spec;
    ASSERT_THAT(pod.volumes, SizeIs(1));
    EXPECT_EQ(pod.volumes[0], EmptyDir("metrics-volume"));
    ASSERT_THAT(pod.containers[0].volume_mounts, SizeIs(1));
    EXPECT_EQ(pod.containers[0].volume_mounts[0].mount_path, "/katib");
  }
  EXPECT_EQ(MetricSources(spec, kObjective, job)[0].format, SourceFormat::kJson);
}

TEST(CollectorPlan, AVolumeThatTheProgramMountsThereIsUsed) {
  TrainingJobSpec job = JobOf();
  Mount(Pod(job), EmptyDir("out"), "/katib/");
  Pod(job).containers[0].volume_mounts[0].sub_path = "a/b";
  Mount(Pod(job), EmptyDir("other"), "/kat");
  EXPECT_EQ(FileOf(Collector("File", "/katib/deep/m.log", "File", "TEXT"), job),
            "volumes/rank-0/out/a/b/deep/m.log");
  EXPECT_THAT(Pod(job).volumes, SizeIs(2)) << "none was added";
}

TEST(CollectorPlan, AVolumeThatTrialsShareIsNotReadButCoveredOrRefused) {
  TrainingJobSpec job = JobOf();
  Mount(Pod(job), HostPath("data"), "/data");
  EXPECT_EQ(FileOf(Collector("File", "/data/run/m.log", "File", "TEXT"), job),
            "volumes/rank-0/metrics-volume/m.log");
  TrainingJobSpec shared = JobOf();
  Mount(Pod(shared), HostPath("data"), "/data");
  const Status status =
      PrepareJob(Collector("File", "/data/m.log", "File", "TEXT"), kObjective, shared);
  EXPECT_EQ(status.kind(), StatusKind::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("/data is the volume data, which trials share"));
}

TEST(CollectorPlan, EventFilesAreThoseBelowTheFolder) {
  TrainingJobSpec job = JobOf();
  const auto spec = Collector("TensorFlowEvent", "/train/logs/", "Directory");
  EXPECT_EQ(FileOf(spec, job), "volumes/rank-0/metrics-volume");
  EXPECT_EQ(Pod(job).containers[0].volume_mounts.at(0).mount_path, "/train/logs");
  const MetricSource source = MetricSources(spec, kObjective, job).at(0);
  EXPECT_EQ(source.format, SourceFormat::kEvents);
  EXPECT_EQ(source.folder, "/train/logs");
}

TEST(CollectorPlan, PushAsksForTheFileOfReports) {
  TrainingJobSpec job = JobOf();
  EXPECT_EQ(FileOf(Collector("Push"), job), "metrics.log");
  ASSERT_TRUE(job.metrics_collector);
  EXPECT_TRUE(job.metrics_collector->metrics_file);
  EXPECT_FALSE(job.metrics_collector->sidecar);
}

TEST(CollectorPlan, PrometheusIsScrapedBesideRank0) {
  TrainingJobSpec job = JobOf();
  MetricsCollectorSpec spec = Collector("PrometheusMetric");
  spec.source.emplace().http_get = HttpGet{"/m", Json("9100"), "", ""};
  EXPECT_EQ(FileOf(spec, job), "metrics-collector.log");
  ASSERT_TRUE(job.metrics_collector && job.metrics_collector->sidecar);
  EXPECT_THAT(job.metrics_collector->sidecar->command,
              ElementsAre("/proc/self/exe", "metrics", "scrape", "--url", "http://127.0.0.1:9100/m",
                          "--metric", "loss", "--metric", "acc{set=\"$$x\"}", "--every", "1s"));
  EXPECT_EQ(job.metrics_collector->linger_seconds, 0);
  EXPECT_FALSE(job.metrics_collector->metrics_file);
}

TEST(CollectorPlan, ACustomCollectorRunsWithTheVolumeAndMayReport) {
  TrainingJobSpec job = JobOf();
  MetricsCollectorSpec spec = Collector("Custom", "/out", "Directory");
  spec.collector->custom_collector.emplace().command = {"collect"};
  spec.collector->custom_collector->env = {{"A", "b", {}}};
  ASSERT_TRUE(PrepareJob(spec, kObjective, job).ok());
  const Container& sidecar = job.metrics_collector->sidecar.value();
  EXPECT_EQ(sidecar.name, "metrics-collector");
  EXPECT_THAT(sidecar.command, ElementsAre("collect"));
  EXPECT_EQ(sidecar.env.at(0).value, "b");
  EXPECT_EQ(sidecar.volume_mounts.at(0).mount_path, "/out");
  EXPECT_EQ(Pod(job).containers[0].volume_mounts.at(0).name, sidecar.volume_mounts[0].name);
  EXPECT_EQ(job.metrics_collector->linger_seconds, 60);
  const auto sources = MetricSources(spec, kObjective, job);
  ASSERT_THAT(sources, SizeIs(2));
  EXPECT_EQ(sources[0].file, "metrics-collector.log");
  EXPECT_THAT(sources[0].filters, IsEmpty());
  EXPECT_EQ(sources[1].file, "metrics.log");
}

}  // namespace
}  // namespace lockstep
