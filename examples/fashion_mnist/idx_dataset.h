// IdxDataset: images and their labels from a pair of gzipped IDX files, the format of MNIST and
// Fashion-MNIST (http://yann.lecun.com/exdb/mnist/): a big-endian magic number 0x000008DD (unsigned
// bytes, DD dimensions), one 32-bit size per dimension, then the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep::fashion_mnist {

struct IdxDataset {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;  // count x height x width
  std::vector<std::uint8_t> labels;  // count, each < kClasses
};

inline constexpr int kClasses = 10;

// Reads FOLDER/PREFIX-images-idx3-ubyte.gz and FOLDER/PREFIX-labels-idx1-ubyte.gz. `max_samples`
// > 0 keeps only the first ones. Every error names the file, what was expected, what was found and
// what to do.
Result<IdxDataset> ReadIdxDataset(const std::string& folder, const std::string& prefix,
                                  std::int64_t max_samples);

}  // namespace lockstep::fashion_mnist
