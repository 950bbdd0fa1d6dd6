// MPIJobs of both versions: what is refused or warned of, where and with which words. What becomes
// of those that are taken is in golden/ and in the recorded cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/convert/convert.h"
#include "operators/convert/mpi_hosts.h"
#include "operators/convert/pod_labels.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

constexpr char kV1[] = R"(apiVersion: kubeflow.org/v1
kind: MPIJob
metadata: {name: a, namespace: n}
spec:
  slotsPerWorker: 2
  cleanPodPolicy: All
  mpiReplicaSpecs:
    Launcher:
      replicas: 1
      template: {spec: {containers: [{name: mpi, image: i, command: [mpirun]}]}}
    Worker:
      replicas: 2
      template: {spec: {containers: [{name: mpi, image: w}]}}
)";

constexpr char kV2[] = R"(apiVersion: kubeflow.org/v2beta1
kind: MPIJob
metadata: {name: a, namespace: n}
spec:
  slotsPerWorker: 2
  mpiImplementation: OpenMPI
  mpiReplicaSpecs:
    Launcher:
      replicas: 1
      restartPolicy: OnFailure
      template: {spec: {containers: [{name: mpi, image: i, command: [mpirun]}]}}
    Worker:
      replicas: 2
      template: {spec: {containers: [{name: mpi, image: w}]}}
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

Converted ConvertYaml(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "j.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  auto converted = ConvertToTrainingJob(documents->front());
  EXPECT_TRUE(converted.ok()) << converted.status().message();
  return std::move(*converted);
}

std::string Say(const std::string& yaml) {
  std::string lines;
  for (const Finding& finding : ConvertYaml(yaml).findings) {
    lines += FormatFinding("j.yaml", finding) + "\n";
  }
  return lines;
}

TEST(MpiJob, TakesBothVersions) {
  EXPECT_EQ(Say(kV1), "");
  EXPECT_EQ(Say(kV2), "");
}

TEST(MpiJob, RefusesAtSubmitWhatTheOperatorsTellByAnEventAlone) {
  struct Row {
    const char* yaml;
    const char* from;
    const char* to;
    const char* said;
  };
  for (const Row& row : std::initializer_list<Row>{
           {kV1, "replicas: 1", "replicas: 2",
            "j.yaml:9:17: spec.mpiReplicaSpecs.Launcher.replicas: is 2: a job has exactly one "
            "Launcher; write 1"},
           {kV1, "Launcher:", "launcher:",
            "j.yaml:7:5: spec.mpiReplicaSpecs.Launcher: is missing: it runs mpirun"},
           {kV1, "image: i,", "", "containers[0].image: is missing: the operator takes"},
           {kV1, "[{name: mpi, image: i, command: [mpirun]}]", "[]",
            "Launcher.template.spec.containers: is missing: what does it run?"},
           {kV1, "slotsPerWorker: 2", "slotsPerWorker: 0",
            "spec.slotsPerWorker: is 0: mpirun would have nowhere to start a process"},
           {kV1, "cleanPodPolicy: All", "cleanPodPolicy: Most",
            "spec.cleanPodPolicy: \"Most\" is not known: use None or Running or All"},
           {kV1, "slotsPerWorker: 2", "mainContainer: core",
            "spec.mainContainer: \"core\" is no container of Worker"},
           {kV1, "replicas: 2", "replicas: -1", "Worker.replicas: is -1: must not be negative"},
           {kV2, "replicas: 1", "replicas: 0",
            "Launcher.replicas: is 0: a job has exactly one Launcher"},
           {kV2, "replicas: 2", "replicas: 0",
            "Worker.replicas: is 0: the operator takes at least 1"},
           {kV2, "replicas: 2\n", "\n", "Worker.replicas: is missing, which is 0"},
           {kV2, "restartPolicy: OnFailure", "restartPolicy: Always",
            "Launcher.restartPolicy: \"Always\" is no restart policy here: use OnFailure, Never"},
           {kV2, "mpiImplementation: OpenMPI", "mpiImplementation: LAM",
            "spec.mpiImplementation: \"LAM\" is not known: use OpenMPI or Intel or MPICH"},
           {kV2, "mpiImplementation: OpenMPI", "launcherCreationPolicy: Later",
            "spec.launcherCreationPolicy: \"Later\" is not known: use AtStartup or"},
           {kV2, "mpiImplementation: OpenMPI", "mainContainer: core", "mainContainer"},
           {kV2, "mpiImplementation: OpenMPI", "runPolicy: {backoffLimit: -1}",
            "spec.runPolicy.backoffLimit: is -1: must be at least 0"},
           {kV2, "mpiImplementation: OpenMPI", "runPolicy: {managedBy: me}",
            "spec.runPolicy.managedBy: \"me\" is nobody who runs such jobs: use "
            "kubeflow.org/mpi-operator"},
           {kV2, "name: a,", "name: a.b,", "metadata.name: \"a.b\" would not resolve"},
           {kV2, "name: a,", "name: a23456789-123456789-123456789-123456789-123456789-12345,",
            "worker-1\" has 64 characters, and no name of more than 63 resolves: shorten"}}) {
    EXPECT_THAT(Say(Replaced(row.yaml, row.from, row.to)), HasSubstr(row.said)) << row.to;
  }
}

TEST(MpiJob, TakesV1NamesThatNeedNotResolve) {
  EXPECT_EQ(Say(Replaced(kV1, "name: a,", "name: a.b,")), "");
}

TEST(MpiJob, NeedsAProgramOfTheLauncherAlone) {
  EXPECT_THAT(Say(Replaced(kV2, "command: [mpirun]", "")),
              HasSubstr("Launcher.template.spec.containers[0].command: is missing: a rank is a"));
  const Converted converted = ConvertYaml(kV2);
  const JobRole& worker = converted.job.spec.roles.at(1);
  EXPECT_TRUE(worker.host_only);
  EXPECT_EQ(worker.pod_template.spec.containers.at(0).command,
            (std::vector<std::string>{"/usr/sbin/sshd", "-De"}));
}

TEST(MpiJob, RunsALauncherAloneWithoutWorkers) {
  const Converted converted = ConvertYaml(Replaced(kV1, "replicas: 2", "replicas: 0"));
  EXPECT_TRUE(converted.findings.empty());
  ASSERT_EQ(converted.job.spec.roles.size(), 1U);
  const Volume& files = converted.job.spec.roles[0].pod_template.spec.volumes.at(0);
  EXPECT_EQ(files.inline_files.at(1).text, "");
  EXPECT_EQ(files.inline_files.at(1).local_text, std::nullopt);
}

TEST(MpiJob, NumbersWorkersFromOneWhereTheLauncherIsOneToo) {
  const TrainingJob job =
      ConvertYaml(Replaced(kV2, "mpiImplementation: OpenMPI", "runLauncherAsWorker: true")).job;
  EXPECT_EQ(PodLabels(job, 0).at(kReplicaIndexLabel), "0");
  EXPECT_EQ(PodLabels(job, 2).at(kReplicaIndexLabel), "2");
  EXPECT_EQ(PodLabels(ConvertYaml(kV2).job, 2).at(kReplicaIndexLabel), "1");
  EXPECT_FALSE(PodLabels(ConvertYaml(kV2).job, 0).contains(kReplicaIndexLabel));
}

TEST(MpiHosts, AreLocalhostWithAllSlotsOnOneMachine) {
  EXPECT_EQ(Hostfile(MpiImplementation::kOpenMpi, "a slots=2\nb slots=2\n", 4).local_text,
            "localhost slots=4\n");
  EXPECT_EQ(Hostfile(MpiImplementation::kIntel, "a:2\n", 2).local_text, "localhost:2\n");
  const HostList hosts{.is_v1 = true, .slots = 2, .launcher = "l", .workers = {"w-10", "w-2"}};
  EXPECT_EQ(DiscoverFile(hosts).text, "#!/bin/sh\necho l:2\n\necho w-10:2\necho w-2:2");
  EXPECT_EQ(DiscoverFile(hosts).local_text, "#!/bin/sh\necho localhost:6\n");
}

}  // namespace
}  // namespace lockstep
