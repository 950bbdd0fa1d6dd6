// Trainer: the loop around a model. Epochs over a sharded data set, evaluation over all ranks after
// each, metrics by rank 0, checkpoints, and one stop for all ranks.
//
// What a step computes is a function of (seed, step, rank, world size): libtorch's generator is
// seeded before each step, so a run that is resumed draws what the uninterrupted one drew, and the
// generator's state needs no place in the checkpoint. A model without random layers computes the
// same for every world size, up to the rounding of sums.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/comm/communicator.h"
#include "runtime/metrics/metrics_reporter.h"
#include "runtime/train/data_parallel.h"
#include "runtime/train/shard_sampler.h"

namespace at {
class Tensor;
}
namespace torch::nn {
class Module;
}
namespace torch::optim {
class Optimizer;
}

namespace lockstep {

// What is trained. The callbacks run on the caller's thread and may throw what libtorch throws.
struct TrainingTask {
  torch::nn::Module& module;
  torch::optim::Optimizer& optimizer;
  std::int64_t train_count = 0;  // > 0
  // The mean loss over these training examples.
  std::function<at::Tensor(std::span<const std::int64_t> examples)> loss;
  // If set, called before each step with the part of the training that is done, in [0, 1): where a
  // learning rate schedule goes. The same on every rank, and in a resumed run.
  std::function<void(double progress)> schedule = {};

  std::int64_t eval_count = 0;  // > 0
  std::vector<std::string> metrics;
  // For each metric, its sum over the evaluation examples [begin, end); called without gradients.
  std::function<std::vector<double>(std::int64_t begin, std::int64_t end)> evaluate;
};

struct TrainerOptions {
  std::int64_t epochs = 1;
  std::int64_t global_batch = 64;  // examples a step takes, over all ranks
  std::uint64_t seed = 0;
  std::string checkpoint_dir;         // empty: no checkpoints
  std::int64_t checkpoint_every = 0;  // steps; 0: after each epoch only
  int checkpoints_kept = 2;
  std::chrono::milliseconds deadline{300'000};  // of each wait for the other ranks
  DataParallelOptions data_parallel = {};
};

enum class TrainingOutcome : std::uint8_t { kFinished, kStopped };

class Trainer {
 public:
  // All of them outlive the trainer. `reporter` is used on rank 0 only, where it must not be null.
  // `log` takes one line at a time, without a line feed.
  Trainer(TrainingTask& task, Communicator& group, MetricsReporter* reporter,
          std::function<void(const std::string&)> log, TrainerOptions options);

  // Collective. Resumes from the newest good checkpoint, if there is one. Stops, on all ranks after
  // the same step, when `stop` is set on any, after saving a checkpoint. On an error the group is
  // aborted, so that the other ranks end with this one.
  Result<TrainingOutcome> Run(const std::atomic<bool>& stop);

 private:
  Result<TrainingOutcome> RunEpochs(const std::atomic<bool>& stop);
  Status TrainStep(const ShardSampler::Batch& batch);
  Status EvaluateAndReport();
  Status Save();
  Status Resume();

  TrainingTask& task_;
  Communicator& group_;
  MetricsReporter* const reporter_;
  const std::function<void(const std::string&)> log_;
  TrainerOptions options_;
  ShardSampler sampler_;
  std::unique_ptr<DataParallel> parallel_;
  std::int64_t step_ = 0;  // steps taken, over all epochs
};

}  // namespace lockstep
