// The two classifiers of the example: images in (N x 784 floats), class scores out (N x 10).
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>

namespace lockstep::fashion_mnist {

class Classifier : public torch::nn::Module {
 public:
  virtual at::Tensor forward(const at::Tensor& images) = 0;
};

// "mlp": 784 - hidden - 10. "cnn": two 3x3 convolutions of 16 and 32 channels, each pooled by two,
// then hidden - 10. Initialised from libtorch's generator. REQUIRES: one of the two names.
std::shared_ptr<Classifier> MakeClassifier(const std::string& name, std::int64_t hidden);

}  // namespace lockstep::fashion_mnist
