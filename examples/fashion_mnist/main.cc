// Fashion-MNIST on any number of ranks: what a training program on Lockstep looks like.
//
//   fashion_mnist --epochs 2                        # alone
//   lockstep run -n 2 -- fashion_mnist              # two ranks on this host
//   mpirun -np 2 fashion_mnist                      # the same under MPI
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sched.h>
#include <torch/optim/sgd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "examples/fashion_mnist/flags.h"
#include "examples/fashion_mnist/idx_dataset.h"
#include "examples/fashion_mnist/model.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"
#include "runtime/base/job_env.h"
#include "runtime/comm/open_communicator.h"
#include "runtime/metrics/file_reporter.h"
#include "runtime/metrics/stdout_reporter.h"
#include "runtime/train/trainer.h"

namespace lockstep::fashion_mnist {
namespace {

std::atomic<bool> stop_requested{false};  // the one global: a signal handler gets no argument

// The second SIGTERM ends the program as if there were no handler.
void StopOnSigterm() {
  struct sigaction action{};
  action.sa_handler = [](int) { stop_requested.store(true); };
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
}

// Ranks of one host share its cores, unless OMP_NUM_THREADS (which libtorch reads itself) says
// otherwise.
void ShareCores(int local_ranks) {
  cpu_set_t cores;
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return;
  at::set_num_threads(std::max(1, CPU_COUNT(&cores) / local_ranks));
}

// Images as bytes, 784 a row: a quarter of what floats take, on every rank.
struct Examples {
  explicit Examples(IdxDataset& data)
      : pixels(
            at::from_blob(data.pixels.data(), {data.count, data.height * data.width}, at::kByte)),
        labels(at::from_blob(data.labels.data(), {data.count}, at::kByte).to(at::kLong)) {}

  // Mean 0 and variance 1 over the training set.
  static at::Tensor Normalized(const at::Tensor& rows) {
    return (rows.to(at::kFloat) / 255 - 0.2860) / 0.3530;
  }

  at::Tensor pixels;
  at::Tensor labels;
};

TrainingTask MakeTask(Classifier& model, torch::optim::SGD& optimizer, double lr,
                      const Examples& train, const Examples& test) {
  return {
      .module = model,
      .optimizer = optimizer,
      .train_count = train.pixels.size(0),
      .loss =
          [&](std::span<const std::int64_t> examples) {
            const at::Tensor rows = at::tensor(at::ArrayRef(examples.data(), examples.size()));
            return at::cross_entropy_loss(
                model.forward(Examples::Normalized(train.pixels.index_select(0, rows))),
                train.labels.index_select(0, rows));
          },
      .schedule =
          [&optimizer, lr](double progress) {
            for (torch::optim::OptimizerParamGroup& group : optimizer.param_groups()) {
              group.options().set_lr(lr * (1 - progress));
            }
          },
      .eval_count = test.pixels.size(0),
      .metrics = {"loss", "accuracy"},
      .evaluate =
          [&](std::int64_t begin, std::int64_t end) {
            constexpr std::int64_t kRows = 500;  // activations of this many fit into the cache
            std::vector<double> sums(2);
            for (; begin < end; begin += kRows) {
              const std::int64_t rows = std::min(kRows, end - begin);
              const at::Tensor labels = test.labels.narrow(0, begin, rows);
              const at::Tensor scores =
                  model.forward(Examples::Normalized(test.pixels.narrow(0, begin, rows)));
              sums[0] +=
                  at::cross_entropy_loss(scores, labels, {}, at::Reduction::Sum).item<double>();
              sums[1] += scores.argmax(1).eq(labels).sum().item<double>();
            }
            return sums;
          },
  };
}

Result<std::unique_ptr<MetricsReporter>> MakeReporter(const JobEnv& env) {
  if (env.metrics_file.empty()) return {std::make_unique<StdoutReporter>(SystemClock())};
  LOCKSTEP_ASSIGN_OR_RETURN(auto reporter, FileReporter::Open(env.metrics_file, SystemClock()));
  return {std::move(reporter)};
}

Result<IdxDataset> ReadImages(const std::string& folder, const std::string& prefix,
                              std::int64_t max_samples) {
  LOCKSTEP_ASSIGN_OR_RETURN(IdxDataset data, ReadIdxDataset(folder, prefix, max_samples));
  if (data.height == 28 && data.width == 28) return data;
  return InvalidArgument(folder + "/" + prefix +
                         "-images-idx3-ubyte.gz: expected images of 28x28, "
                         "found " +
                         std::to_string(data.height) + "x" + std::to_string(data.width) +
                         ": the models are made for (Fashion-)MNIST");
}

Result<TrainingOutcome> Run(const Flags& flags, const JobEnv& env, TrainerOptions options) {
  // Before the ranks meet: a rank without data must not keep the others waiting.
  LOCKSTEP_ASSIGN_OR_RETURN(IdxDataset train, ReadImages(flags.data, "train", flags.max_samples));
  LOCKSTEP_ASSIGN_OR_RETURN(IdxDataset test, ReadImages(flags.data, "t10k", 0));

  CommunicatorOptions communicator_options;
  const char* const transport = std::getenv("LOCKSTEP_TRANSPORT");
  if (transport != nullptr) communicator_options.transport = transport;
  if (!flags.transport.empty()) communicator_options.transport = flags.transport;
  LOCKSTEP_ASSIGN_OR_RETURN(const OpenedCommunicator opened,
                            OpenCommunicator(env, communicator_options));
  LOCKSTEP_ASSIGN_OR_RETURN(const auto reporter, MakeReporter(env));
  const auto log = [](const std::string& line) { std::cerr << "fashion_mnist: " + line + "\n"; };
  if (env.rank == 0) {
    log("rank 0 of " + std::to_string(env.world_size) + ", started by " +
        std::string(LauncherName(env.launcher)) + "; " + opened.why + "; " +
        std::to_string(at::get_num_threads()) + " threads a rank");
  }
  at::manual_seed(flags.seed);
  const std::shared_ptr<Classifier> model = MakeClassifier(flags.model, flags.hidden);
  torch::optim::SGD optimizer(model->parameters(),
                              torch::optim::SGDOptions(flags.lr).momentum(flags.momentum));
  const Examples train_examples(train);
  const Examples test_examples(test);
  TrainingTask task = MakeTask(*model, optimizer, flags.lr, train_examples, test_examples);
  Trainer trainer(task, *opened.communicator, reporter.get(), log, std::move(options));
  return trainer.Run(stop_requested);
}

int Main(int argc, char** argv) {
  const std::variant<Flags, int> parsed = ParseFlags(argc, argv);
  if (const int* const exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const Flags& flags = std::get<Flags>(parsed);
  const auto fail = [](const Status& status) {
    std::cerr << "fashion_mnist: " + status.message() + "\n";
    return kExitFailed;
  };
  const Result<JobEnv> env = ResolveJobEnv(ProcessEnv());
  if (!env.ok()) return fail(env.status());
  StopOnSigterm();
  ShareCores(env->local_world_size);
  const TrainerOptions options{
      .epochs = flags.epochs,
      .global_batch = flags.batch_size,
      .seed = flags.seed,
      .checkpoint_dir = flags.checkpoint_dir.empty() ? env->checkpoint_dir : flags.checkpoint_dir,
      .checkpoint_every = flags.checkpoint_every,
  };
  const Result<TrainingOutcome> outcome = Run(flags, *env, options);
  if (!outcome.ok()) return fail(outcome.status());
  if (*outcome == TrainingOutcome::kFinished) return kExitSuccess;
  // Without a checkpoint there is nothing to go on from: say what ended it.
  return options.checkpoint_dir.empty() ? kExitSignalBase + SIGTERM : kExitRestartMe;
}

}  // namespace
}  // namespace lockstep::fashion_mnist

int main(int argc, char** argv) { return lockstep::fashion_mnist::Main(argc, argv); }
