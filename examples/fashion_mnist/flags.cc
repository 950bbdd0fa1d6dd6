#include "examples/fashion_mnist/flags.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <limits>

#include "runtime/base/exit_code.h"

namespace lockstep::fashion_mnist {

std::variant<Flags, int> ParseFlags(int argc, char** argv) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
  Flags flags;
  CLI::App app("Trains a classifier of Fashion-MNIST on any number of ranks.", "fashion_mnist");
  const auto add = [&](const char* name, auto& value, const char* text) {
    return app.add_option(name, value, text)->capture_default_str();
  };
  add("--lr", flags.lr, "learning rate at the start; falls linearly to 0")
      ->check(CLI::Range(1e-12, 1e3));
  add("--momentum", flags.momentum, "momentum of SGD")->check(CLI::Range(0.0, 0.9999999));
  add("--epochs", flags.epochs, "passes over the training set")->check(CLI::Range(1L, kMax));
  add("--batch-size", flags.batch_size, "examples a step takes, over all ranks")
      ->check(CLI::Range(1L, kMax));
  add("--hidden", flags.hidden, "width of the hidden layer")->check(CLI::Range(1L, 1L << 20));
  add("--model", flags.model, "mlp or cnn")->check(CLI::IsMember({"mlp", "cnn"}));
  add("--seed", flags.seed, "of initial values and data order");
  add("--data", flags.data, "folder with the four gzipped IDX files");
  add("--max-samples", flags.max_samples, "train on the first N examples only; 0: on all")
      ->check(CLI::Range(0L, kMax));
  add("--transport", flags.transport, "auto, shm or mpi; empty: LOCKSTEP_TRANSPORT, or auto");
  add("--checkpoint-dir", flags.checkpoint_dir,
      "save and resume here; empty: LOCKSTEP_CHECKPOINT_DIR, or nowhere");
  add("--checkpoint-every", flags.checkpoint_every, "steps between checkpoints; 0: each epoch")
      ->check(CLI::Range(0L, kMax));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return kExitSuccess;
  } catch (const CLI::ParseError& error) {
    std::cerr << "fashion_mnist: " << error.what() << "; see fashion_mnist --help\n";
    return kExitUsage;
  }
  return flags;
}

}  // namespace lockstep::fashion_mnist
