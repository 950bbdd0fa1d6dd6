// Manifests of every kind, run by real processes that meet each other as their framework says.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

constexpr char kProbe[] = LOCKSTEP_BINARY_DIR "/tests/cli/peer_probe";

std::string Pod(const std::string& container, const std::string& command) {
  return "{spec: {containers: [{name: " + container +
         ", image: example.invalid/train:1, command: " + command + "}]}}";
}
std::string Replicas(const std::string& count, const std::string& container) {
  return "{replicas: " + count + ", template: " + Pod(container, "[" + std::string(kProbe) + "]") +
         "}";
}
std::string Job(const std::string& api_version, const std::string& kind, const std::string& name,
                const std::string& spec) {
  return "apiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: " + name +
         "}\nspec:\n" + spec;
}
std::string PyTorchSpec(const std::string& workers) {
  return "  pytorchReplicaSpecs:\n    Master: " + Replicas("1", "pytorch") +
         "\n    Worker: " + Replicas(workers, "pytorch") + "\n";
}
std::string TfSpec() {
  return "  tfReplicaSpecs:\n    Chief: " + Replicas("1", "tensorflow") +
         "\n    PS: " + Replicas("2", "tensorflow") +
         "\n    Worker: " + Replicas("2", "tensorflow") +
         "\n    Evaluator: " + Replicas("1", "tensorflow") + "\n";
}
std::string XgboostSpec() {
  return "  xgbReplicaSpecs:\n    Master: " + Replicas("1", "xgboost") +
         "\n    Worker: " + Replicas("2", "xgboost") + "\n";
}
std::string TrainSpec(const std::string& nodes) {
  return "  runtimeRef: {name: torch-distributed}\n  trainer:\n    numNodes: " + nodes +
         "\n    image: example.invalid/train:1\n    command: [" + std::string(kProbe) + "]\n";
}
std::string MpiSpec(const std::string& command) {
  return "  slotsPerWorker: 2\n  mpiReplicaSpecs:\n    Launcher: {replicas: 1, template: " +
         Pod("launcher", command) +
         "}\n    Worker: {replicas: 2, template: {spec: {containers: [{name: worker, image: "
         "example.invalid/train:1}]}}}\n";
}

class JobKindsTest : public LockstepTest {
 protected:
  void Apply(const std::string& name, const std::string& yaml) {
    const Outcome outcome = Run({"apply", "-f", WriteFile(name + ".yaml", yaml)});
    ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
    EXPECT_NE(outcome.err.find(" not pulled: the programs run on this machine"), std::string::npos)
        << outcome.err;
  }
  // Applies it and waits for its end; its status in its kind's own shape.
  Json RunToEnd(const std::string& kind, const std::string& name, const std::string& yaml,
                const std::string& condition = "Succeeded") {
    Apply(name, yaml);
    const Outcome waited =
        Run({"wait", kind + "/" + name, "--for=condition=" + condition, "--timeout", "50s"});
    EXPECT_EQ(waited.code, 0) << waited.err << Run({"describe", kind, name}).out
                              << Run({"logs", name}).out;
    return Get(kind, name);
  }
  std::string Logs(const std::string& name, const std::string& rank) {
    return Run({"logs", name, "--rank", rank}).out;
  }
};

TEST_F(JobKindsTest, RanksOfAPyTorchJobMeetAtTheirMaster) {
  const Json job = RunToEnd("pytorchjob", "torch",
                            Job("kubeflow.org/v1", "PyTorchJob", "torch", PyTorchSpec("2")));
  EXPECT_EQ(job["kind"], "PyTorchJob");
  EXPECT_EQ(job["status"]["replicaStatuses"]["Master"]["succeeded"], 1) << job.dump(1);
  EXPECT_EQ(Logs("torch", "0"), "rank/0 reached 2 peers\naccuracy=2\n");
}

TEST_F(JobKindsTest, AnImageOfSeveralJobsIsToldOfOnce) {
  const auto job = [](const std::string& name) {
    return Job("kubeflow.org/v1", "XGBoostJob", name, XgboostSpec());
  };
  const Outcome outcome =
      Run({"apply", "--dry-run", "-f", WriteFile("two.yaml", job("a") + "---\n" + job("b"))});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::size_t first = outcome.err.find(" not pulled");
  ASSERT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(" not pulled", first + 1), std::string::npos) << outcome.err;
}

TEST_F(JobKindsTest, EveryTaskOfATfJobReachesEveryOther) {
  const Json job = RunToEnd("tfjob", "tf", Job("kubeflow.org/v1", "TFJob", "tf", TfSpec()));
  EXPECT_EQ(job["status"]["replicaStatuses"]["Chief"]["succeeded"], 1) << job.dump(1);
  EXPECT_EQ(Logs("tf", "0"), "chief/0 reached 5 peers\naccuracy=5\n");
}

TEST_F(JobKindsTest, RanksOfAnXgboostJobMeetAtTheirMaster) {
  RunToEnd("xgboostjob", "xgb", Job("kubeflow.org/v1", "XGBoostJob", "xgb", XgboostSpec()));
  EXPECT_EQ(Logs("xgb", "0"), "rank/0 reached 2 peers\naccuracy=2\n");
}

TEST_F(JobKindsTest, NodesOfATrainJobMeetAtTheFirst) {
  RunToEnd("trainjob", "train",
           Job("trainer.kubeflow.org/v1alpha1", "TrainJob", "train", TrainSpec("3")), "Complete");
  EXPECT_EQ(Logs("train", "0"), "rank/0 reached 2 peers\naccuracy=2\n");
}

TEST_F(JobKindsTest, TheLauncherOfAnMpiJobStartsItsRanksByMpirun) {
  if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "no mpirun on this machine";
  const std::string command =
      "[mpirun, --allow-run-as-root, sh, -c, 'echo rank $OMPI_COMM_WORLD_RANK of "
      "$OMPI_COMM_WORLD_SIZE']";
  for (const char* const version : {"kubeflow.org/v1", "kubeflow.org/v2beta1"}) {
    const std::string name = version == std::string("kubeflow.org/v1") ? "mpi1" : "mpi2";
    RunToEnd("mpijob", name, Job(version, "MPIJob", name, MpiSpec(command)));
    std::vector<std::string> lines;
    std::istringstream in(Logs(name, "0"));
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::ranges::sort(lines);
    EXPECT_EQ(lines, (std::vector<std::string>{"rank 0 of 4", "rank 1 of 4", "rank 2 of 4",
                                               "rank 3 of 4"}))
        << version;
  }
}

// Where nothing can be mounted, what mpirun is told of /etc/mpi is where its files are.
TEST_F(JobKindsTest, TheLauncherOfAnMpiJobFindsItsFilesWithoutNamespaces) {
  if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "no mpirun on this machine";
  setenv("LOCKSTEP_NO_NAMESPACES", "1", 1);
  const std::string command =
      "[mpirun, --allow-run-as-root, -n, '1', sh, -c, '[ -x $OMPI_MCA_plm_rsh_agent ] && cat "
      "$OMPI_MCA_orte_default_hostfile']";
  RunToEnd("mpijob", "mpi", Job("kubeflow.org/v1", "MPIJob", "mpi", MpiSpec(command)));
  unsetenv("LOCKSTEP_NO_NAMESPACES");
  EXPECT_NE(Logs("mpi", "0").find("localhost slots=4\n"), std::string::npos) << Logs("mpi", "0");
}

std::string Indented(const std::string& text, const std::string& by) {
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);) result += by + line + "\n";
  return result;
}

// `job`: a manifest with ${trialParameters.size} somewhere.
std::string SearchOver(const std::string& name, const std::string& container,
                       const std::string& job, const std::string& values) {
  return "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata: {name: " + name +
         "}\nspec:\n  objective: {type: maximize, objectiveMetricName: accuracy}\n"
         "  algorithm: {algorithmName: grid}\n  parallelTrialCount: 2\n  maxTrialCount: 2\n"
         "  parameters:\n  - {name: size, parameterType: int, feasibleSpace: " +
         values + "}\n  trialTemplate:\n    primaryContainerName: " + container +
         "\n    trialParameters: [{name: size, reference: size}]\n    trialSpec:\n" +
         Indented(job, "      ");
}

std::string Template(const std::string& api_version, const std::string& kind,
                     const std::string& spec) {
  return "apiVersion: " + api_version + "\nkind: " + kind + "\nspec:\n" + spec;
}

class ExperimentOfKind : public JobKindsTest {
 protected:
  // With the accuracy of its best trial.
  void ExpectBest(const std::string& name, const std::string& yaml, const std::string& accuracy) {
    Apply(name, yaml);
    const Outcome waited =
        Run({"wait", "experiment/" + name, "--for=condition=Succeeded", "--timeout", "55s"});
    const Json status = Get("experiment", name)["status"];
    ASSERT_EQ(waited.code, 0) << waited.err << status.dump(1)
                              << Run({"describe", "experiment", name}).out;
    EXPECT_EQ(status["trialsSucceeded"], 2) << status.dump(1);
    EXPECT_EQ(status["currentOptimalTrial"]["observation"]["metrics"][0]["latest"], accuracy)
        << status.dump(1);
  }
};

// A typed placeholder is the number of workers: the master is reached by one or two of them.
TEST_F(ExperimentOfKind, PyTorchJobTunesTheNumberOfItsWorkers) {
  ExpectBest("torch-search",
             SearchOver("torch-search", "pytorch",
                        Template("kubeflow.org/v1", "PyTorchJob",
                                 PyTorchSpec("\"${trialParameters.size}\"")),
                        "{min: \"1\", max: \"2\", step: \"1\"}"),
             "2");
}

TEST_F(ExperimentOfKind, TrainJobTunesTheNumberOfItsNodes) {
  ExpectBest("train-search",
             SearchOver("train-search", "node",
                        Template("trainer.kubeflow.org/v1alpha1", "TrainJob",
                                 TrainSpec("${trialParameters.size}")),
                        "{min: \"2\", max: \"3\", step: \"1\"}"),
             "2");
}

// The master reports, the workers print another figure under the same name.
std::string Reporting(const std::string& role, const std::string& container,
                      const std::string& script) {
  return "    " + role +
         ": {replicas: 1, template: " + Pod(container, "[sh, -c, '" + script + "']") + "}\n";
}

TEST_F(ExperimentOfKind, TfJobReportsByItsChief) {
  const std::string spec =
      "  tfReplicaSpecs:\n" + Reporting("Worker", "tensorflow", "echo accuracy=99") +
      Reporting("Chief", "tensorflow", "echo accuracy=${trialParameters.size}");
  ExpectBest("tf-search",
             SearchOver("tf-search", "tensorflow", Template("kubeflow.org/v1", "TFJob", spec),
                        "{min: \"1\", max: \"2\", step: \"1\"}"),
             "2");
}

TEST_F(ExperimentOfKind, XgboostJobReportsByItsMaster) {
  const std::string spec = "  xgbReplicaSpecs:\n" +
                           Reporting("Worker", "xgboost", "echo accuracy=99") +
                           Reporting("Master", "xgboost", "echo accuracy=${trialParameters.size}");
  ExpectBest("xgb-search",
             SearchOver("xgb-search", "xgboost", Template("kubeflow.org/v1", "XGBoostJob", spec),
                        "{min: \"1\", max: \"2\", step: \"1\"}"),
             "2");
}

// primaryPodLabels choose another replica than the operator's own.
TEST_F(ExperimentOfKind, PrimaryPodLabelsChooseTheReplica) {
  const std::string spec =
      "  tfReplicaSpecs:\n" +
      Reporting("Worker", "tensorflow", "echo accuracy=${trialParameters.size}; sleep 0.2") +
      Reporting("Chief", "tensorflow", "echo accuracy=99; sleep 0.4");
  std::string yaml =
      SearchOver("labelled", "tensorflow", Template("kubeflow.org/v1", "TFJob", spec),
                 "{min: \"1\", max: \"2\", step: \"1\"}");
  yaml.insert(yaml.find("    trialParameters:"),
              "    primaryPodLabels: {training.kubeflow.org/replica-type: worker}\n");
  ExpectBest("labelled", yaml, "2");
}

TEST_F(ExperimentOfKind, MpiJobReportsByItsLauncher) {
  if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "no mpirun on this machine";
  ExpectBest("mpi-search",
             SearchOver("mpi-search", "launcher",
                        Template("kubeflow.org/v1", "MPIJob",
                                 MpiSpec("[mpirun, --allow-run-as-root, -n, '2', sh, -c, 'echo "
                                         "accuracy=${trialParameters.size}']")),
                        "{min: \"1\", max: \"2\", step: \"1\"}"),
             "2");
}

// Four at a time see their own /data, and what each wrote there alone.
TEST_F(JobKindsTest, VolumesAtTheSamePathDoNotMix) {
  const std::string script =
      "echo $$HOSTNAME ${trialParameters.size} >> /data/runs; sleep 0.2; "
      "echo accuracy=$$(wc -l < /data/runs)";
  const std::string spec =
      "  pytorchReplicaSpecs:\n    Master: {replicas: 1, template: {spec: {volumes: [{name: d, "
      "emptyDir: {}}], containers: [{name: pytorch, image: i, command: [sh, -c, '" +
      script + "'], volumeMounts: [{name: d, mountPath: /data}]}]}}}\n";
  std::string yaml =
      SearchOver("volumes", "pytorch", Template("kubeflow.org/v1", "PyTorchJob", spec),
                 "{min: \"1\", max: \"8\", step: \"1\"}");
  const auto replace = [&](const std::string& from, const std::string& to) {
    yaml.replace(yaml.find(from), from.size(), to);
  };
  replace("parallelTrialCount: 2", "parallelTrialCount: 4");
  replace("maxTrialCount: 2", "maxTrialCount: 8");
  Apply("volumes", yaml);
  ASSERT_EQ(
      Run({"wait", "experiment/volumes", "--for=condition=Succeeded", "--timeout", "50s"}).code, 0)
      << Run({"describe", "experiment", "volumes"}).out;
  const Json trials = Json::parse(Run({"get", "trials", "-o", "json"}).out)["items"];
  ASSERT_EQ(trials.size(), 8u);
  for (const Json& trial : trials) {
    EXPECT_EQ(trial["status"]["observation"]["metrics"][0]["latest"], "1") << trial.dump(1);
  }
}

}  // namespace
}  // namespace lockstep
