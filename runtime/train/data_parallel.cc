#include "runtime/train/data_parallel.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "runtime/train/broadcast.h"
#include "runtime/train/module_agreement.h"

namespace lockstep {
namespace {

std::optional<DataType> TypeOf(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat: return DataType::kFloat32;
    case at::kDouble: return DataType::kFloat64;
    case at::kHalf: return DataType::kFloat16;
    case at::kBFloat16: return DataType::kBFloat16;
    default: return std::nullopt;
  }
}

std::string Describe(std::string_view role, const std::string& name, const at::Tensor& tensor) {
  std::ostringstream text;
  text << role << " " << name << " " << tensor.scalar_type() << tensor.sizes()
       << (tensor.requires_grad() ? "" : " frozen");
  return text.str();
}

// A parameter that is registered under two names is one parameter.
std::vector<std::pair<std::string, at::Tensor>> TrainableParameters(torch::nn::Module& module) {
  std::vector<std::pair<std::string, at::Tensor>> trainable;
  std::unordered_set<at::TensorImpl*> seen;
  for (const auto& item : module.named_parameters()) {
    if (item.value().requires_grad() && seen.insert(item.value().unsafeGetTensorImpl()).second) {
      trainable.emplace_back(item.key(), item.value());
    }
  }
  return trainable;
}

Result<std::vector<BucketParameter>> BucketParametersOf(
    const std::vector<std::pair<std::string, at::Tensor>>& trainable) {
  if (trainable.empty()) {
    return InvalidArgument("the module has no parameter that requires a gradient");
  }
  std::vector<BucketParameter> parameters;
  for (const auto& [name, tensor] : trainable) {
    const std::optional<DataType> type = TypeOf(tensor);
    if (!type || !tensor.device().is_cpu() || tensor.layout() != at::kStrided) {
      return InvalidArgument(Describe("parameter", name, tensor) + " on " + tensor.device().str() +
                             ": DataParallel takes dense floating-point parameters on the CPU");
    }
    if (torch::autograd::impl::post_acc_grad_hooks(tensor)) {
      return FailedPrecondition("parameter " + name +
                                " already has a post-accumulate hook: is the module in another "
                                "DataParallel?");
    }
    parameters.push_back({name, static_cast<std::size_t>(tensor.numel()), *type});
  }
  return parameters;
}

Status AgreeAndBroadcast(torch::nn::Module& module, Communicator& group,
                         std::chrono::milliseconds deadline) {
  std::vector<std::string> lines;
  std::vector<at::Tensor> tensors;
  for (const auto& item : module.named_parameters()) {
    lines.push_back(Describe("parameter", item.key(), item.value()));
    tensors.push_back(item.value());
  }
  for (const auto& item : module.named_buffers()) {
    lines.push_back(Describe("buffer", item.key(), item.value()));
    tensors.push_back(item.value());
  }
  LOCKSTEP_RETURN_IF_ERROR(CompareOverRanks(group, lines, deadline));
  const at::NoGradGuard no_grad;
  for (at::Tensor& tensor : tensors) {
    at::Tensor dense = tensor.contiguous();
    LOCKSTEP_RETURN_IF_ERROR(BroadcastBytes(group, dense.data_ptr(), dense.nbytes(), 0, deadline));
    if (!dense.is_same(tensor)) tensor.copy_(dense);
  }
  return OkStatus();
}

bool IsPermutation(std::vector<std::int64_t> order, std::size_t count) {
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> all = ReverseOrder(count);
  return std::equal(order.begin(), order.end(), all.rbegin(), all.rend());
}

}  // namespace

struct DataParallel::State {
  State(std::vector<at::Tensor> tensors, std::vector<BucketParameter> bucket_parameters,
        Communicator& communicator, DataParallelOptions chosen)
      : parameters(std::move(tensors)),
        group(communicator),
        options(std::move(chosen)),
        described(std::move(bucket_parameters)),
        bucketer(group, described) {}

  // New buckets in `new_order`. Gradients that are there move along.
  void Rebuild(std::vector<std::int64_t> new_order);
  // Makes parameter `index`'s .grad a view of its slot, with the value it has.
  void BindGradient(std::size_t index);
  void GradientAccumulated(std::size_t index);
  Status Finish(bool missing_as_zero, std::chrono::milliseconds deadline);

  const std::vector<at::Tensor> parameters;
  Communicator& group;
  const DataParallelOptions options;
  const std::vector<BucketParameter> described;
  std::vector<at::Tensor> buckets;
  std::vector<at::Tensor> views;  // by parameter: its slot
  std::vector<std::int64_t> order;
  bool order_is_final = false;
  int paused = 0;
  Status hook_error;          // the first one; a hook cannot return it
  GradientBucketer bucketer;  // last: what it has in flight is in the buckets until it is gone
};

namespace {

template <class State>
struct GradientHook final : torch::autograd::PostAccumulateGradHook {
  GradientHook(std::weak_ptr<State> owner, std::size_t parameter)
      : state(std::move(owner)), index(parameter) {}
  void operator()(const at::Tensor&) override {
    if (const std::shared_ptr<State> alive = state.lock()) alive->GradientAccumulated(index);
  }
  const std::weak_ptr<State> state;
  const std::size_t index;
};

}  // namespace

void DataParallel::State::Rebuild(std::vector<std::int64_t> new_order) {
  const at::NoGradGuard no_grad;
  order = std::move(new_order);
  BucketLayout layout = PlanBuckets(described, order, options.bucket_sizes);
  std::vector<at::Tensor> new_buckets(layout.buckets.size());
  std::vector<void*> storage;
  std::vector<at::Tensor> new_views(parameters.size());
  for (std::size_t b = 0; b < layout.buckets.size(); ++b) {
    const BucketLayout::Bucket& bucket = layout.buckets[b];
    new_buckets[b] =
        at::zeros({static_cast<std::int64_t>(bucket.count)},
                  parameters[bucket.parameters.front()].options().requires_grad(false));
    storage.push_back(new_buckets[b].data_ptr());
    for (const std::size_t index : bucket.parameters) {
      // Shares the bucket's storage without being a view in autograd's eyes: libtorch's zero_grad
      // calls detach_(), which a view refuses.
      new_views[index] =
          at::empty({0}, new_buckets[b].options())
              .set_(new_buckets[b].storage(), static_cast<std::int64_t>(layout.slots[index].offset),
                    parameters[index].sizes());
    }
  }
  buckets = std::move(new_buckets);
  views = std::move(new_views);
  for (std::size_t index = 0; index < parameters.size(); ++index) BindGradient(index);
  bucketer.Bind(std::move(layout), std::move(storage));
}

void DataParallel::State::BindGradient(std::size_t index) {
  const at::NoGradGuard no_grad;
  at::Tensor& gradient = parameters[index].mutable_grad();
  if (gradient.defined() && gradient.is_same(views[index])) return;
  if (gradient.defined()) {
    views[index].copy_(gradient);
  } else {
    views[index].zero_();
  }
  gradient = views[index];
}

void DataParallel::State::GradientAccumulated(std::size_t index) {
  Status status;
  try {
    BindGradient(index);
    if (paused == 0) status = bucketer.MarkReady(index);
  } catch (const std::exception& error) {
    status = Internal("gradient of parameter '" + described[index].name + "': " + error.what());
  }
  if (hook_error.ok()) hook_error = std::move(status);
}

Status DataParallel::State::Finish(bool missing_as_zero, std::chrono::milliseconds deadline) {
  if (!hook_error.ok()) {
    group.Abort(hook_error);
    return hook_error;
  }
  if (missing_as_zero) {
    for (const std::size_t index : bucketer.Missing()) {
      BindGradient(index);
      LOCKSTEP_RETURN_IF_ERROR(bucketer.MarkReady(index));
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(bucketer.Finish(deadline));
  if (order_is_final) return OkStatus();
  order_is_final = true;
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<std::int64_t> arrived,
                            bucketer.AgreeOnArrivalOrder(deadline));
  if (arrived != order) Rebuild(std::move(arrived));
  return OkStatus();
}

Result<std::unique_ptr<DataParallel>> DataParallel::Create(torch::nn::Module& module,
                                                           Communicator& group,
                                                           DataParallelOptions options) {
  try {
    const auto trainable = TrainableParameters(module);
    LOCKSTEP_ASSIGN_OR_RETURN(std::vector<BucketParameter> described,
                              BucketParametersOf(trainable));
    std::vector<std::int64_t> order = options.bucket_order;
    if (order.empty()) order = ReverseOrder(described.size());
    if (!IsPermutation(order, described.size())) {
      return InvalidArgument("bucket_order is no permutation of the module's " +
                             std::to_string(described.size()) + " parameters");
    }
    LOCKSTEP_RETURN_IF_ERROR(AgreeAndBroadcast(module, group, options.create_deadline));
    std::vector<at::Tensor> tensors;
    for (const auto& [name, tensor] : trainable) tensors.push_back(tensor);
    const auto state = std::make_shared<State>(std::move(tensors), std::move(described), group,
                                               std::move(options));
    state->order_is_final = !state->options.bucket_order.empty();
    state->Rebuild(std::move(order));
    for (std::size_t index = 0; index < state->parameters.size(); ++index) {
      torch::autograd::impl::set_post_acc_grad_hooks(
          state->parameters[index], std::make_unique<GradientHook<State>>(state, index));
    }
    return std::unique_ptr<DataParallel>(new DataParallel(state));
  } catch (const std::exception& error) {
    return Internal(std::string("DataParallel: libtorch: ") + error.what());
  }
}

DataParallel::~DataParallel() {
  for (const at::Tensor& parameter : state_->parameters) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
  }
}

void DataParallel::ZeroGrad() {
  for (std::size_t index = 0; index < state_->parameters.size(); ++index) {
    at::Tensor& gradient = state_->parameters[index].mutable_grad();
    if (!gradient.is_same(state_->views[index])) gradient = state_->views[index];
  }
  const at::NoGradGuard no_grad;
  for (at::Tensor& bucket : state_->buckets) bucket.zero_();
}

DataParallel::Pause::Pause(DataParallel& owner) : owner_(owner) { ++owner_.state_->paused; }
DataParallel::Pause::~Pause() { --owner_.state_->paused; }

Status DataParallel::Finish(std::chrono::milliseconds deadline) {
  return state_->Finish(state_->options.unused_as_zero, deadline);
}

Status DataParallel::FinishWithoutBackward(std::chrono::milliseconds deadline) {
  return state_->Finish(/*missing_as_zero=*/true, deadline);
}

std::vector<std::int64_t> DataParallel::BucketOrder() const { return state_->order; }

}  // namespace lockstep
