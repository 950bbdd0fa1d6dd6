// The trainer under four kinds of jobs: whoever starts its two ranks, the losses are the same.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "runtime/base/metric_line.h"
#include "tests/cli/lockstep_process.h"
#include "tests/cli/torch_bin.h"
#include "tests/examples/fashion_mnist/idx_files.h"

namespace lockstep::fashion_mnist {
namespace {

using ::testing::HasSubstr;
constexpr char kTrainer[] = LOCKSTEP_BINARY_DIR "/examples/fashion_mnist";

// Each epoch with all digits of its loss and accuracy, in its order.
using Epochs = std::map<int, std::pair<double, double>>;

Epochs EpochsOf(const std::string& log) {
  Epochs epochs;
  std::istringstream lines(log);
  for (std::string text; std::getline(lines, text);) {
    const Result<MetricLine> line = ParseMetricLine(text);
    if (!line.ok() || line->values.size() != 3) continue;
    epochs[static_cast<int>(line->values[0].second)] = {line->values[1].second,
                                                        line->values[2].second};
  }
  return epochs;
}

class FashionMnistKinds : public LockstepTest {
 protected:
  FashionMnistKinds() {
    data_.Write("train", 330);
    data_.Write("t10k", 51);
  }
  // Of a pod: one thread a rank, because mpirun binds its ranks to cores and the others do not, and
  // the number of threads is in the last digits of a loss.
  std::string Template(const std::string& container, const std::string& before = "") const {
    return "{spec: {restartPolicy: Never, containers: [{name: " + container +
           ", image: i, env: [{name: OMP_NUM_THREADS, value: \"1\"}], command: [" + before +
           kTrainer + ", --data=" + data_.path() +
           ", --batch-size=32, --hidden=16, --epochs=4, --lr=0.02, --seed=7]}]}}";
  }
  // Applies the job, waits for its end, and reads what rank 0 reported.
  Epochs Train(const std::string& api_version, const std::string& kind, const std::string& spec,
               const std::string& how) {
    const std::string file =
        WriteFile(kind + ".yaml", "apiVersion: " + api_version + "\nkind: " + kind +
                                      "\nmetadata: {name: two}\nspec: " + spec);
    const Outcome applied = Run({"apply", "-f", file});
    EXPECT_EQ(applied.code, 0) << applied.err;
    const Outcome waited =
        Run({"wait", "job/two", "--for=condition=Succeeded", "--timeout", "50s"});
    const std::string log = Run({"logs", "two", "--rank", "0"}).out;
    EXPECT_EQ(waited.code, 0) << waited.err << Run({"describe", "job/two"}).out << log;
    EXPECT_THAT(log, HasSubstr("rank 0 of " + how));
    EXPECT_EQ(Run({"delete", "-f", file}).code, 0);
    return EpochsOf(log);
  }
  // Two pods; `before` starts the trainer in each.
  Epochs TrainPyTorchJob(const std::string& more, const std::string& before,
                         const std::string& how) {
    const std::string pod = "{replicas: 1, template: " + Template("pytorch", before) + "}";
    return Train("kubeflow.org/v1", "PyTorchJob",
                 "{" + more + "pytorchReplicaSpecs: {Master: " + pod + ", Worker: " + pod + "}}",
                 how);
  }
  Epochs TrainJob() {
    return Train("batch/v1", "Job",
                 "{parallelism: 2, completions: 2, completionMode: Indexed, template: " +
                     Template("main") + "}",
                 "2, started by lockstep run; shm");
  }
  Epochs TrainTrainingJob() {
    return Train("lockstep.dev/v1alpha1", "TrainingJob",
                 "{roles: [{name: worker, replicas: 2, template: " + Template("main") + "}]}",
                 "2, started by lockstep run; shm");
  }
  Epochs TrainMpiJob() {
    return Train("kubeflow.org/v2beta1", "MPIJob",
                 "{mpiReplicaSpecs: {Launcher: {replicas: 1, template: " +
                     Template("main", "mpirun, --allow-run-as-root, -n, \"2\", ") +
                     "}, Worker: {replicas: 2, template: {spec: {containers: [{name: main, image: "
                     "i}]}}}}}",
                 "2, started by Open MPI; mpi");
  }

  const IdxFolder data_;
};

// Bit for bit: a sum of two numbers is the same in either order, in shared memory as in MPI.
TEST_F(FashionMnistKinds, LossesAreEqualUnderEveryKind) {
  const Epochs losses = TrainTrainingJob();
  ASSERT_EQ(losses.size(), 4u);
  EXPECT_LT(losses.at(4).first, losses.at(1).first) << "it learns";
  EXPECT_EQ(TrainJob(), losses);
  EXPECT_EQ(TrainPyTorchJob("", "", "2, started by lockstep run; shm"), losses);
}

TEST_F(FashionMnistKinds, LossesUnderMpirunAreEqualToo) {
  if (LOCKSTEP_HAVE_MPI == 0 || std::system("command -v mpirun >/dev/null") != 0) {
    GTEST_SKIP() << "LossesUnderMpirunAreEqualToo: built without MPI, or no mpirun here";
  }
  const Epochs losses = TrainTrainingJob();
  ASSERT_EQ(losses.size(), 4u);
  EXPECT_EQ(TrainMpiJob(), losses);
}

// Torchrun takes each of the two pods for a host; that both are on this one is Lockstep's to know.
// Four summands have several orders, and libtorch may cut a batch of eight otherwise than of 16.
TEST_F(FashionMnistKinds, RanksOfTorchrunInTwoPodsMeetOnThisHost) {
  if (!std::filesystem::exists(TorchBin() + "torchrun")) {
    GTEST_SKIP() << "RanksOfTorchrunInTwoPodsMeetOnThisHost: no torch in " << TorchBin()
                 << "; `./dev setup bench` puts it there";
  }
  const Epochs losses = TrainTrainingJob();
  const Epochs four =
      TrainPyTorchJob("nprocPerNode: \"2\", ", TorchBin() + "torchrun, --no-python, ",
                      "4, started by torchrun; shm: 4 ranks on this host");
  ASSERT_EQ(four.size(), 4u);
  for (const auto& [epoch, values] : four) {
    EXPECT_NEAR(values.first, losses.at(epoch).first, 1e-6 * values.first) << "epoch " << epoch;
  }
}

}  // namespace
}  // namespace lockstep::fashion_mnist
