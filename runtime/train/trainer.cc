#include "runtime/train/trainer.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>
#include <torch/serialize.h>

#include <exception>
#include <sstream>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/train/broadcast.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/training_state.h"

namespace lockstep {
namespace {

// In a checkpoint.
constexpr char kModelFile[] = "model";
constexpr char kOptimizerFile[] = "optimizer";
constexpr char kStateFile[] = "training";

template <class T>
std::string Serialize(const T& value) {
  torch::serialize::OutputArchive archive;
  value.save(archive);
  std::ostringstream bytes;
  archive.save_to(bytes);
  return std::move(bytes).str();
}

template <class T>
void Deserialize(const std::string& bytes, T& value) {
  std::istringstream in(bytes);
  torch::serialize::InputArchive archive;
  archive.load_from(in);
  value.load(archive);
}

// Module::load takes whatever shape the archive has.
void LoadModule(const std::string& bytes, torch::nn::Module& module) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (const at::Tensor& tensor : module.parameters()) shapes.push_back(tensor.sizes().vec());
  Deserialize(bytes, module);
  for (std::size_t i = 0; const auto& item : module.named_parameters()) {
    TORCH_CHECK(item.value().sizes() == at::IntArrayRef(shapes[i]), "parameter ", item.key(),
                " is ", item.value().sizes(), " in the checkpoint and ", at::IntArrayRef(shapes[i]),
                " in this model");
    ++i;
  }
}

// Different for every rank and step, the same in every run.
std::uint64_t SeedOf(std::uint64_t seed, std::int64_t step, int rank) {
  std::uint64_t mixed = seed;
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(rank)}) {
    mixed = (mixed ^ part) * 0x9e3779b97f4a7c15u;
    mixed ^= mixed >> 32;
  }
  return mixed;
}

}  // namespace

Trainer::Trainer(TrainingTask& task, Communicator& group, MetricsReporter* reporter,
                 std::function<void(const std::string&)> log, TrainerOptions options)
    : task_(task),
      group_(group),
      reporter_(reporter),
      log_(std::move(log)),
      options_(std::move(options)),
      sampler_({.count = task.train_count,
                .global_batch = options_.global_batch,
                .seed = options_.seed,
                .rank = group.rank(),
                .ranks = group.size()}) {
  CHECK(group.rank() != 0 || reporter != nullptr);
  CHECK(task.eval_count > 0);
}

Result<TrainingOutcome> Trainer::Run(const std::atomic<bool>& stop) {
  Result<TrainingOutcome> outcome = Internal("not run");
  try {
    outcome = RunEpochs(stop);
  } catch (const std::exception& error) {
    outcome = Internal("rank " + std::to_string(group_.rank()) + ", step " + std::to_string(step_) +
                       ": " + error.what());
  }
  if (!outcome.ok()) group_.Abort(outcome.status());
  return outcome;
}

Result<TrainingOutcome> Trainer::RunEpochs(const std::atomic<bool>& stop) {
  LOCKSTEP_RETURN_IF_ERROR(Resume());
  LOCKSTEP_ASSIGN_OR_RETURN(parallel_,
                            DataParallel::Create(task_.module, group_, options_.data_parallel));
  while (sampler_.state().epoch < options_.epochs) {
    while (const std::optional<ShardSampler::Batch> batch = sampler_.Next()) {
      // The ranks agree on stopping while they compute: the flag travels ahead of the gradients.
      std::int32_t stop_now = stop.load() ? 1 : 0;
      const std::unique_ptr<Work> agreed =
          group_.AllReduce({&stop_now, 1, DataType::kInt32}, ReduceOp::kMax, nullptr);
      const Status trained = TrainStep(*batch);
      const Status heard = agreed->Wait(options_.deadline);
      LOCKSTEP_RETURN_IF_ERROR(trained);
      LOCKSTEP_RETURN_IF_ERROR(heard);
      if (stop_now != 0) {
        LOCKSTEP_RETURN_IF_ERROR(Save());
        return TrainingOutcome::kStopped;
      }
      if (options_.checkpoint_every > 0 && step_ % options_.checkpoint_every == 0) {
        LOCKSTEP_RETURN_IF_ERROR(Save());
      }
    }
    LOCKSTEP_RETURN_IF_ERROR(EvaluateAndReport());
    sampler_.Restore({sampler_.state().epoch + 1, 0});
    LOCKSTEP_RETURN_IF_ERROR(Save());
  }
  return TrainingOutcome::kFinished;
}

Status Trainer::TrainStep(const ShardSampler::Batch& batch) {
  at::manual_seed(SeedOf(options_.seed, step_, group_.rank()));
  task_.module.train();
  if (task_.schedule) {
    const auto done = static_cast<double>(sampler_.state().cursor - batch.global_size);
    task_.schedule((static_cast<double>(sampler_.state().epoch) +
                    done / static_cast<double>(task_.train_count)) /
                   static_cast<double>(options_.epochs));
  }
  parallel_->ZeroGrad();
  if (batch.examples.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(parallel_->FinishWithoutBackward(options_.deadline));
  } else {
    // The average over the ranks must be the mean over the global batch, also when shares differ.
    const double share = static_cast<double>(batch.examples.size()) /
                         static_cast<double>(batch.global_size) * group_.size();
    (task_.loss(batch.examples) * share).backward();
    LOCKSTEP_RETURN_IF_ERROR(parallel_->Finish(options_.deadline));
  }
  task_.optimizer.step();
  ++step_;
  return OkStatus();
}

Status Trainer::EvaluateAndReport() {
  const at::NoGradGuard no_grad;
  task_.module.eval();
  const Share share = ShareOf(task_.eval_count, group_.rank(), group_.size());
  std::vector<double> sums = task_.evaluate(share.begin, share.end);
  CHECK(sums.size() == task_.metrics.size());
  LOCKSTEP_RETURN_IF_ERROR(
      group_.AllReduce({sums.data(), sums.size(), DataType::kFloat64}, ReduceOp::kSum, nullptr)
          ->Wait(options_.deadline));
  if (group_.rank() != 0) return OkStatus();
  std::vector<std::pair<std::string_view, double>> values;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    values.emplace_back(task_.metrics[i], sums[i] / static_cast<double>(task_.eval_count));
  }
  return reporter_->Report(sampler_.state().epoch + 1, values);
}

Status Trainer::Save() {
  if (options_.checkpoint_dir.empty()) return OkStatus();
  Status saved;
  if (group_.rank() == 0) {
    const TrainingState state{step_, sampler_.state(), options_.seed, task_.train_count,
                              parallel_->BucketOrder()};
    saved = CheckpointDir(options_.checkpoint_dir, options_.checkpoints_kept)
                .Save(step_, {{kModelFile, Serialize(task_.module)},
                              {kOptimizerFile, Serialize(task_.optimizer)},
                              {kStateFile, FormatTrainingState(state)}})
                .WithContext("checkpoint of step " + std::to_string(step_));
  }
  return BroadcastStatus(group_, saved, 0, options_.deadline);
}

// Rank 0 reads, the others get it from rank 0: the folder need not be shared between hosts.
Status Trainer::Resume() {
  if (options_.checkpoint_dir.empty()) return OkStatus();
  Result<LoadedCheckpoint> loaded = LoadedCheckpoint{};
  if (group_.rank() == 0) loaded = CheckpointDir(options_.checkpoint_dir, 1).Load();
  const Status status = BroadcastStatus(group_, loaded.status(), 0, options_.deadline);
  if (status.kind() == StatusKind::kNotFound) return OkStatus();
  LOCKSTEP_RETURN_IF_ERROR(status);
  for (const char* file : {kModelFile, kOptimizerFile, kStateFile}) {
    LOCKSTEP_RETURN_IF_ERROR(BroadcastString(group_, loaded->files[file], 0, options_.deadline));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const TrainingState state,
                            ParseTrainingState(loaded->files[kStateFile]));
  if (state.seed != options_.seed || state.train_count != task_.train_count) {
    return FailedPrecondition(
        "the checkpoint in " + options_.checkpoint_dir + " was made with seed " +
        std::to_string(state.seed) + " over " + std::to_string(state.train_count) +
        " examples, this run has seed " + std::to_string(options_.seed) + " and " +
        std::to_string(task_.train_count) + ": use the same, or another folder");
  }
  try {
    LoadModule(loaded->files[kModelFile], task_.module);
    Deserialize(loaded->files[kOptimizerFile], task_.optimizer);
  } catch (const std::exception& error) {
    return FailedPrecondition("the checkpoint in " + options_.checkpoint_dir +
                              " does not fit this model (other flags?): " + error.what());
  }
  options_.data_parallel.bucket_order = state.bucket_order;
  sampler_.Restore(state.sampler);
  step_ = state.step;
  if (group_.rank() == 0) {
    for (const std::string& reason : loaded->skipped) log_("damaged checkpoint skipped: " + reason);
    log_("resumed from step " + std::to_string(step_) + " in " + options_.checkpoint_dir);
  }
  return OkStatus();
}

}  // namespace lockstep
