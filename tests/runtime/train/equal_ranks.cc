// One rank of a two-process check: 500 steps of DataParallel on data of its own, over the transport
// its environment asks for; then every rank must hold the same parameters, bit for bit.
#include <ATen/ATen.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "runtime/base/job_env.h"
#include "runtime/comm/open_communicator.h"
#include "runtime/train/data_parallel.h"
#include "runtime/train/module_agreement.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kDeadline{60'000};

struct Mlp final : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x) { return second(at::relu(first(x))); }
  torch::nn::Linear first = register_module("first", torch::nn::Linear(40, 300));
  torch::nn::Linear second = register_module("second", torch::nn::Linear(300, 10));
};

Status TrainAndCompare() {
  LOCKSTEP_ASSIGN_OR_RETURN(const JobEnv env, ResolveJobEnv(ProcessEnv()));
  LOCKSTEP_ASSIGN_OR_RETURN(const OpenedCommunicator opened, OpenCommunicator(env, {}));
  if (opened.communicator->size() != 2) return InvalidArgument("made for two ranks");
  at::manual_seed(static_cast<std::uint64_t>(env.rank) + 1);
  const auto net = std::make_shared<Mlp>();
  torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  LOCKSTEP_ASSIGN_OR_RETURN(
      const auto parallel,
      DataParallel::Create(*net, *opened.communicator, {.bucket_sizes = {4096, 16384}}));
  const at::Tensor before = net->first->weight.detach().clone();
  for (int step = 0; step < 500; ++step) {
    parallel->ZeroGrad();
    at::cross_entropy_loss(net->forward(at::randn({8, 40})), at::randint(10, {8}, at::kLong))
        .backward();
    LOCKSTEP_RETURN_IF_ERROR(parallel->Finish(kDeadline));
    optimizer.step();
  }
  if (before.equal(net->first->weight)) return Internal("nothing was learned");
  std::vector<std::string> lines;
  for (const auto& item : net->named_parameters()) {
    lines.push_back(item.key());
    const auto* const bytes = static_cast<const unsigned char*>(item.value().const_data_ptr());
    for (std::size_t i = 0; i < item.value().nbytes(); ++i) {
      lines.back() += " " + std::to_string(bytes[i]);
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(CompareOverRanks(*opened.communicator, lines, kDeadline));
  std::printf("%s: equal after 500 steps\n", opened.why.c_str());
  return OkStatus();
}

}  // namespace
}  // namespace lockstep

int main() {
  const lockstep::Status status = lockstep::TrainAndCompare();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().substr(0, 2000).c_str());
  return status.ok() ? 0 : 1;
}
