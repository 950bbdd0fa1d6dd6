#include "examples/fashion_mnist/model.h"

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "examples/fashion_mnist/idx_dataset.h"
#include "runtime/base/check.h"

namespace lockstep::fashion_mnist {
namespace {

constexpr std::int64_t kSide = 28;

class Mlp final : public Classifier {
 public:
  explicit Mlp(std::int64_t hidden)
      : hidden_(register_module("hidden", torch::nn::Linear(kSide * kSide, hidden))),
        output_(register_module("output", torch::nn::Linear(hidden, kClasses))) {}
  at::Tensor forward(const at::Tensor& images) override {
    return output_(at::relu(hidden_(images)));
  }

 private:
  torch::nn::Linear hidden_;
  torch::nn::Linear output_;
};

class Cnn final : public Classifier {
 public:
  explicit Cnn(std::int64_t hidden)
      : first_(register_module("first", torch::nn::Conv2d(Convolution(1, 16)))),
        second_(register_module("second", torch::nn::Conv2d(Convolution(16, 32)))),
        hidden_(register_module("hidden", torch::nn::Linear(32 * kSide * kSide / 16, hidden))),
        output_(register_module("output", torch::nn::Linear(hidden, kClasses))) {}
  at::Tensor forward(const at::Tensor& images) override {
    at::Tensor x = at::relu(at::max_pool2d(first_(images.view({-1, 1, kSide, kSide})), 2));
    x = at::relu(at::max_pool2d(second_(x), 2));
    return output_(at::relu(hidden_(x.flatten(1))));
  }

 private:
  static torch::nn::Conv2dOptions Convolution(std::int64_t in, std::int64_t out) {
    return torch::nn::Conv2dOptions(in, out, 3).padding(1);
  }

  torch::nn::Conv2d first_;
  torch::nn::Conv2d second_;
  torch::nn::Linear hidden_;
  torch::nn::Linear output_;
};

}  // namespace

std::shared_ptr<Classifier> MakeClassifier(const std::string& name, std::int64_t hidden) {
  if (name == "mlp") return std::make_shared<Mlp>(hidden);
  CHECK(name == "cnn") << name;
  return std::make_shared<Cnn>(hidden);
}

}  // namespace lockstep::fashion_mnist
