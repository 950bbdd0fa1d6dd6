// The command line of the example.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace lockstep::fashion_mnist {

struct Flags {
  double lr = 0.01;
  double momentum = 0.9;
  std::int64_t epochs = 5;
  std::int64_t batch_size = 128;  // over all ranks
  std::int64_t hidden = 128;
  std::string model = "mlp";
  std::uint64_t seed = 1;
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::int64_t max_samples = 0;       // of the training set; 0: all
  std::string transport;              // empty: LOCKSTEP_TRANSPORT, or auto
  std::string checkpoint_dir;         // empty: LOCKSTEP_CHECKPOINT_DIR, or no checkpoints
  std::int64_t checkpoint_every = 0;  // steps; 0: after each epoch
};

// The flags, or the exit code of a command line that ends the program (it has been explained on
// stderr, or --help was answered on stdout).
std::variant<Flags, int> ParseFlags(int argc, char** argv);

}  // namespace lockstep::fashion_mnist
