// Four jobs of a kind at the same time ask for the same ports: each gets its own, and what its
// ranks are told agrees in every variable.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstring>
#include <map>
#include <set>

#include "launcher/unique_fd.h"
#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::Pair;
constexpr char kProgram[] = LOCKSTEP_SOURCE_DIR "/tests/cli/job_ports.py";
constexpr int kJobs = 4;
constexpr std::chrono::seconds kPatience{50};

// A rank that has said where it is, and waits to be let go.
struct Caller {
  UniqueFd fd;
  Json report;
};

class JobPortsTest : public LockstepTest {
 protected:
  void SetUp() override {
    if (std::system("command -v python3 >/dev/null") != 0) {
      GTEST_SKIP() << testing::UnitTest::GetInstance()->current_test_info()->name()
                   << ": no python3 on this machine";
    }
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, Socket().c_str(), sizeof(name.sun_path) - 1);
    listener_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
    ASSERT_EQ(listen(listener_.get(), 64), 0);
  }
  std::string Socket() const { return dir_ + "/ranks.sock"; }
  std::string Template(const std::string& container) const {
    return "{spec: {containers: [{name: " + container + ", image: i, command: [python3, " +
           kProgram + ", " + Socket() + "]}]}}";
  }
  std::string Replica(const std::string& role, int count, const std::string& container) const {
    return role + ": {replicas: " + std::to_string(count) + ", template: " + Template(container) +
           "}";
  }

  // Until `ranks` of each job are there at once; keeps them waiting.
  void Gather(std::size_t ranks) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (callers_.size() < kJobs * ranks) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      pollfd ready{listener_.get(), POLLIN, 0};
      ASSERT_GT(poll(&ready, 1, std::max(0, static_cast<int>(left.count()))), 0)
          << callers_.size() << " ranks of " << kJobs * ranks << " came\n"
          << Run({"get", "jobs"}).out;
      Caller caller{UniqueFd(accept(listener_.get(), nullptr, nullptr)), {}};
      const timeval patience{kPatience.count(), 0};
      setsockopt(caller.fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      std::string line;
      for (char c = 0; read(caller.fd.get(), &c, 1) == 1 && c != '\n';) line += c;
      caller.report = Json::parse(line, nullptr, false);
      ASSERT_TRUE(caller.report.is_object()) << line;
      callers_.push_back(std::move(caller));
    }
  }
  // The variables of each job, which are the same on its `ranks` ranks; and no port that one rank
  // listens on is another's.
  std::map<std::string, std::map<std::string, int>> Agreed(std::size_t ranks) {
    std::map<std::string, std::map<std::string, int>> jobs;
    std::map<std::string, std::size_t> seen;
    std::set<int> ports;
    for (const Caller& caller : callers_) {
      const Json& report = caller.report;
      const auto variables = report["variables"].get<std::map<std::string, int>>();
      const auto [job, first] = jobs.emplace(report["job"], variables);
      EXPECT_EQ(job->second, variables) << report.dump();
      ++seen[report["job"]];
      const int port = report["listens"];
      if (port != 0) {
        EXPECT_TRUE(ports.insert(port).second) << "port " << port << " is given to two ranks";
      }
    }
    EXPECT_EQ(jobs.size(), std::size_t{kJobs});
    for (const auto& [job, count] : seen) EXPECT_EQ(count, ranks) << job;
    return jobs;
  }
  void LetGo() {
    for (const Caller& caller : callers_) EXPECT_EQ(write(caller.fd.get(), "\n", 1), 1);
  }
  // Four jobs of the kind, of `ranks` ranks each, from their manifest to their end.
  std::map<std::string, std::map<std::string, int>> RunFour(const std::string& api_version,
                                                            const std::string& kind,
                                                            const std::string& spec,
                                                            std::size_t ranks) {
    std::string yaml;
    std::vector<std::string> wait = {"wait"};
    for (int i = 0; i < kJobs; ++i) {
      const std::string name = "job" + std::to_string(i);
      yaml += "---\napiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: " + name +
              "}\nspec: {" + spec + "}\n";
      wait.push_back("job/" + name);
    }
    const Outcome applied = Run({"apply", "-f", WriteFile("four.yaml", yaml)});
    EXPECT_EQ(applied.code, 0) << applied.err;
    Gather(ranks);
    const auto agreed = Agreed(ranks);
    LetGo();
    wait.insert(wait.end(), {"--for=condition=Succeeded", "--timeout", "50s"});
    const Outcome waited = Run(wait);
    EXPECT_EQ(waited.code, 0) << waited.err << Run({"get", "jobs"}).out
                              << Run({"logs", "job0"}).out;
    // One at most has the port of its manifest; the others say which they have instead.
    int replaced = 0;
    for (int i = 0; i < kJobs; ++i) {
      const std::string log = Run({"logs", "job" + std::to_string(i)}).out;
      replaced += log.find(" instead of ") != std::string::npos ? 1 : 0;
    }
    EXPECT_GE(replaced, kJobs - 1);
    return agreed;
  }

 private:
  UniqueFd listener_;
  std::vector<Caller> callers_;
};

TEST_F(JobPortsTest, TrialsOfAPyTorchJobMeetAtTheirOwnMaster) {
  const std::string yaml =
      "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata: {name: search}\nspec:\n"
      "  objective: {type: maximize, objectiveMetricName: accuracy}\n"
      "  algorithm: {algorithmName: grid}\n  parallelTrialCount: 4\n  maxTrialCount: 4\n"
      "  parameters: [{name: x, parameterType: int, feasibleSpace: {min: \"1\", max: \"4\", step: "
      "\"1\"}}]\n"
      "  trialTemplate:\n    primaryContainerName: pytorch\n"
      "    trialParameters: [{name: x, reference: x}]\n"
      "    trialSpec:\n      apiVersion: kubeflow.org/v1\n      kind: PyTorchJob\n"
      "      metadata: {annotations: {x: \"${trialParameters.x}\"}}\n"
      "      spec: {pytorchReplicaSpecs: {" +
      Replica("Master", 1, "pytorch") + ", " + Replica("Worker", 1, "pytorch") + "}}\n";
  const Outcome applied = Run({"apply", "-f", WriteFile("search.yaml", yaml)});
  ASSERT_EQ(applied.code, 0) << applied.err;
  ASSERT_NO_FATAL_FAILURE(Gather(2));
  for (const auto& [job, variables] : Agreed(2)) {
    const int port = variables.begin()->second;
    EXPECT_THAT(variables, ElementsAre(Pair("MASTER_PORT", port), Pair("PET_MASTER_PORT", port)));
  }
  LetGo();
  const Outcome waited =
      Run({"wait", "experiment/search", "--for=condition=Succeeded", "--timeout", "50s"});
  ASSERT_EQ(waited.code, 0) << Run({"describe", "experiment/search"}).out;
  const Json trials = Json::parse(Run({"get", "trials", "-o", "json"}).out)["items"];
  ASSERT_EQ(trials.size(), std::size_t{kJobs});
  for (const Json& trial : trials) {  // each master was called by its own worker
    EXPECT_EQ(trial["status"]["observation"]["metrics"][0]["latest"], "1") << trial.dump(1);
  }
}

TEST_F(JobPortsTest, WorkersOfElasticPyTorchJobsShareTheirEndpoint) {
  for (const auto& [job, variables] :
       RunFour("kubeflow.org/v1", "PyTorchJob",
               "elasticPolicy: {minReplicas: 2, maxReplicas: 2}, pytorchReplicaSpecs: {" +
                   Replica("Worker", 2, "pytorch") + "}",
               2)) {
    EXPECT_THAT(variables, ElementsAre(Pair("PET_RDZV_ENDPOINT", testing::Gt(0)))) << job;
  }
}

TEST_F(JobPortsTest, TasksOfATfJobAreToldTheSameCluster) {
  for (const auto& [job, variables] :
       RunFour("kubeflow.org/v1", "TFJob",
               "successPolicy: AllWorkers, tfReplicaSpecs: {" + Replica("Chief", 1, "tensorflow") +
                   ", " + Replica("Worker", 2, "tensorflow") + "}",
               3)) {
    EXPECT_EQ(variables.size(), 3u) << job;
    EXPECT_EQ(
        (std::set<int>{variables.at("chief/0"), variables.at("worker/0"), variables.at("worker/1")}
             .size()),
        3u)
        << job;
  }
}

TEST_F(JobPortsTest, NodesOfATrainJobMeetAtTheirOwnFirst) {
  for (const auto& [job, variables] :
       RunFour("trainer.kubeflow.org/v1alpha1", "TrainJob",
               "runtimeRef: {name: torch-distributed}, trainer: {numNodes: 2, image: i, command: "
               "[python3, " +
                   std::string(kProgram) + ", " + Socket() + "]}",
               2)) {
    EXPECT_THAT(variables, ElementsAre(Pair("PET_MASTER_PORT", testing::Gt(0)))) << job;
  }
}

}  // namespace
}  // namespace lockstep
