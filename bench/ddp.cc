// One rank of the DataParallel bench: trains a 670 k-parameter MLP on random data, batch 32 a rank,
// and prints rank 0's p10 time of a step in milliseconds. World size and rank come from the
// environment; alone it is the step without any communication between processes.
#include <ATen/ATen.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "runtime/base/job_env.h"
#include "runtime/comm/open_communicator.h"
#include "runtime/train/data_parallel.h"

namespace lockstep {
namespace {

constexpr int kWarmUpSteps = 30;
constexpr int kSteps = 300;
constexpr std::chrono::milliseconds kDeadline{30'000};

struct Mlp final : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x) { return output(at::relu(second(at::relu(first(x))))); }
  torch::nn::Linear first = register_module("first", torch::nn::Linear(784, 512));
  torch::nn::Linear second = register_module("second", torch::nn::Linear(512, 512));
  torch::nn::Linear output = register_module("output", torch::nn::Linear(512, 10));
};

Result<double> StepMilliseconds() {
  LOCKSTEP_ASSIGN_OR_RETURN(const JobEnv env, ResolveJobEnv(ProcessEnv()));
  LOCKSTEP_ASSIGN_OR_RETURN(const OpenedCommunicator opened, OpenCommunicator(env, {}));
  at::manual_seed(static_cast<std::uint64_t>(env.rank));
  const auto net = std::make_shared<Mlp>();
  torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  std::unique_ptr<DataParallel> parallel;
  if (env.world_size > 1) {  // alone: plain libtorch, so that what DataParallel costs is counted
    LOCKSTEP_ASSIGN_OR_RETURN(parallel, DataParallel::Create(*net, *opened.communicator, {}));
  }
  const at::Tensor x = at::randn({32, 784});
  const at::Tensor y = at::randint(10, {32}, at::kLong);
  std::vector<double> times;
  for (int step = 0; step < kWarmUpSteps + kSteps; ++step) {
    const auto begin = std::chrono::steady_clock::now();
    if (parallel != nullptr) {
      parallel->ZeroGrad();
    } else {
      optimizer.zero_grad();
    }
    at::cross_entropy_loss(net->forward(x), y).backward();
    if (parallel != nullptr) LOCKSTEP_RETURN_IF_ERROR(parallel->Finish(kDeadline));
    optimizer.step();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (step >= kWarmUpSteps) times.push_back(took.count());
  }
  std::nth_element(times.begin(), times.begin() + kSteps / 10, times.end());
  if (env.rank == 0) std::printf("%.4f\n", times[kSteps / 10]);
  return times[kSteps / 10];
}

}  // namespace
}  // namespace lockstep

int main() {
  const lockstep::Result<double> time = lockstep::StepMilliseconds();
  if (!time.ok()) std::fprintf(stderr, "ddp: %s\n", time.status().ToString().c_str());
  return time.ok() ? 0 : 1;
}
