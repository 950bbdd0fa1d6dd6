// DataParallel: the same module on every rank, trained on different data, kept equal by averaging
// the gradients while backward still runs.
//
//   auto parallel = DataParallel::Create(*model, group, {});      // collective
//   for (each batch) {
//     parallel->ZeroGrad();
//     loss(model->forward(x), y).backward();                      // all-reduces start in here
//     LOCKSTEP_RETURN_IF_ERROR(parallel->Finish(deadline));       // .grad holds the average
//     optimizer.step();
//   }
//
// Gradients live in flat buckets and every parameter's .grad is a view of one, so that backward
// writes straight into what is sent. optimizer.zero_grad(), which by default drops the gradients,
// is allowed: backward's new gradient is then copied into the bucket and bound again, one copy a
// step. ZeroGrad is the way without that copy.
//
// After the first step the buckets are laid out anew, once, in the order in which rank 0's
// gradients arrived.
//
// Ownership: the module's parameters are shared (at::Tensor is a reference); the group must outlive
// this object. The hooks are taken off by the destructor, after which the module is an ordinary one
// again. Do not destroy it while backward runs. Thread safety: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/comm/communicator.h"
#include "runtime/train/gradient_bucketer.h"

namespace torch::nn {
class Module;
}

namespace lockstep {

struct DataParallelOptions {
  BucketSizes bucket_sizes = {};
  // A parameter that backward did not reach counts as a zero gradient instead of an error.
  bool unused_as_zero = false;
  // Lay the buckets out in this order and never again: BucketOrder() of a run that is resumed, so
  // that sums over more than two ranks come out the same, bit for bit. Empty: learn it.
  std::vector<std::int64_t> bucket_order = {};
  std::chrono::milliseconds create_deadline{60'000};
};

class DataParallel {
 public:
  // Collective. Compares names, shapes and dtypes of parameters and buffers over the ranks, then
  // gives every rank rank 0's values. InvalidArgument: nothing to train, a parameter that is not
  // dense float on the CPU, a bucket_order that is no permutation. FailedPrecondition: a rank has
  // another module (names the first parameter that differs, and the rank), or a parameter already
  // has a post-accumulate hook.
  static Result<std::unique_ptr<DataParallel>> Create(torch::nn::Module& module,
                                                      Communicator& group,
                                                      DataParallelOptions options);
  ~DataParallel();
  DataParallel(const DataParallel&) = delete;
  DataParallel& operator=(const DataParallel&) = delete;

  // Zeroes the buckets and binds gradients that were dropped.
  void ZeroGrad();

  // While a Pause lives, backward only accumulates locally: gradient accumulation is N - 1 backward
  // passes under NoSync, then one without.
  class Pause {
   public:
    explicit Pause(DataParallel& owner);
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    DataParallel& owner_;
  };
  [[nodiscard]] Pause NoSync() { return Pause(*this); }

  // Call once after each backward that is not under NoSync. Ok: every .grad is the average over the
  // ranks. FailedPrecondition: a parameter got no gradient (named), or backward ran twice.
  Status Finish(std::chrono::milliseconds deadline);
  // For a rank that has no data in this step: takes part with what .grad holds (zeros after
  // ZeroGrad). The other ranks call Finish.
  Status FinishWithoutBackward(std::chrono::milliseconds deadline);

  // The present order of the buckets' parameters.
  std::vector<std::int64_t> BucketOrder() const;

 private:
  struct State;
  explicit DataParallel(std::shared_ptr<State> state) : state_(std::move(state)) {}

  // Shared with the hooks, which hold it weakly.
  const std::shared_ptr<State> state_;
};

}  // namespace lockstep
