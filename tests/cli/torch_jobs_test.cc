// A script of PyTorch, as it is, under the kinds that are made for it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmath>
#include <filesystem>
#include <sstream>

#include "launcher/unique_fd.h"
#include "tests/cli/lockstep_process.h"
#include "tests/cli/torch_bin.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

constexpr char kScript[] = LOCKSTEP_SOURCE_DIR "/tests/cli/torch_ddp.py";

std::string Container(const std::string& name, const std::string& program) {
  return "{name: " + name + ", image: i, env: [{name: OMP_NUM_THREADS, value: \"1\"}], command: [" +
         TorchBin() + program + ", " + kScript + "]}";
}
std::string Replica(const std::string& role, int count, const std::string& program) {
  return role + ": {replicas: " + std::to_string(count) + ", template: {spec: {containers: [" +
         Container("pytorch", program) + "]}}}";
}
std::string PyTorchJob(const std::string& more, const std::string& replicas) {
  return "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nmetadata: {name: ddp}\nspec: {" + more +
         "pytorchReplicaSpecs: {" + replicas + "}}\n";
}

// The losses in closed form: the error of the slope shrinks by the same factor each epoch.
std::string Losses(int ranks) {
  const double mean_square = 204.0 / 64 / 8;
  std::string lines;
  for (int epoch = 1; epoch <= 3; ++epoch) {
    const double error = 2 * std::pow(1 - mean_square, epoch - 1);
    char line[80];
    std::snprintf(line, sizeof line, "epoch=%d ranks=%d loss=%.6f\n", epoch, ranks,
                  mean_square * error * error);
    lines += line;
  }
  return lines;
}

class TorchJobsTest : public LockstepTest {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(TorchBin() + "torchrun")) return;
    GTEST_SKIP() << testing::UnitTest::GetInstance()->current_test_info()->name()
                 << ": no torch in " << TorchBin() << "; `./dev setup bench` puts it there";
  }
  // What its rank 0 prints, once the job has succeeded without being started again.
  std::string TrainedUnder(const std::string& manifest) {
    const Outcome applied = Run({"apply", "-f", WriteFile("job.yaml", manifest)});
    EXPECT_EQ(applied.code, 0) << applied.err;
    const Outcome waited =
        Run({"wait", "job/ddp", "--for=condition=Succeeded", "--timeout", "55s"});
    log_ = Run({"logs", "ddp"}).out;
    const std::string description = Run({"describe", "job/ddp"}).out;
    EXPECT_EQ(waited.code, 0) << waited.err << description << log_;
    EXPECT_THAT(description, HasSubstr("Restarts:     0 of")) << log_;
    std::string told;
    std::istringstream lines(log_);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t at = line.find("epoch=");
      if (at != std::string::npos) told += line.substr(at) + "\n";
    }
    return told;
  }
  // Listens on the port before the job, or else somebody else does: the job has to take another.
  void Occupy(int port) {
    listener_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.sin_port = htons(static_cast<std::uint16_t>(port));
    (void)!bind(listener_.get(), reinterpret_cast<sockaddr*>(&place), sizeof(place));
    (void)!listen(listener_.get(), 1);
  }
  void ExpectAnotherPort(int port) {
    EXPECT_THAT(log_, HasSubstr(" instead of " + std::to_string(port) + ": ")) << log_;
  }

  std::string log_;

 private:
  UniqueFd listener_;
};

TEST_F(TorchJobsTest, PodsOfAPyTorchJobAreTheRanks) {
  EXPECT_EQ(TrainedUnder(PyTorchJob(
                "", Replica("Master", 1, "python") + ", " + Replica("Worker", 1, "python"))),
            Losses(2));
}

// PET_MASTER_ADDR and PET_MASTER_PORT: torchrun's static rendezvous, two ranks a pod.
TEST_F(TorchJobsTest, TorchrunOfEachPodStartsItsRanks) {
  Occupy(23456);
  EXPECT_EQ(
      TrainedUnder(PyTorchJob("nprocPerNode: \"2\", ", Replica("Master", 1, "torchrun") + ", " +
                                                           Replica("Worker", 1, "torchrun"))),
      Losses(4));
  ExpectAnotherPort(23456);
}

// PET_RDZV_ENDPOINT: the agents agree who is first.
TEST_F(TorchJobsTest, WorkersOfAnElasticPyTorchJobMeetByC10d) {
  Occupy(23456);
  EXPECT_EQ(TrainedUnder(PyTorchJob(
                "nprocPerNode: \"1\", elasticPolicy: {minReplicas: 2, maxReplicas: 2, rdzvBackend: "
                "c10d}, ",
                Replica("Worker", 2, "torchrun"))),
            Losses(2));
  ExpectAnotherPort(23456);
}

TEST_F(TorchJobsTest, NodesOfATrainJobMeetByTorchrun) {
  Occupy(29500);
  EXPECT_EQ(
      TrainedUnder("apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob\nmetadata: {name: "
                   "ddp}\nspec: {runtimeRef: {name: torch-distributed}, trainer: {numNodes: 2, "
                   "image: i, env: [{name: OMP_NUM_THREADS, value: \"1\"}], command: [" +
                   TorchBin() + "torchrun, " + kScript + "]}}\n"),
      Losses(2));
  ExpectAnotherPort(29500);
}

}  // namespace
}  // namespace lockstep
