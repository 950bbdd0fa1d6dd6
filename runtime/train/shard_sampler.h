// ShardSampler: which examples a rank trains on, step by step.
//
// Each epoch visits every example once, in an order that is a function of (seed, epoch) alone. A
// global batch is the next `global_batch` examples of that order (the last one may be shorter), and
// each rank takes its contiguous share of it. So the position in the data is one number, the same
// on every rank and for every world size: a checkpoint of 4 ranks goes on with 3.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lockstep {

// The examples 0 .. count - 1 in the order of `epoch`: the same on every machine and compiler.
std::vector<std::int64_t> EpochOrder(std::int64_t count, std::uint64_t seed, std::int64_t epoch);

// The rank-th of `ranks` contiguous shares of `count` things: sizes differ by at most one.
struct Share {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
Share ShareOf(std::int64_t count, int rank, int ranks);

// Where training stands in the data.
struct SamplerState {
  std::int64_t epoch = 0;
  std::int64_t cursor = 0;  // examples of this epoch that all ranks together have taken
  friend bool operator==(const SamplerState&, const SamplerState&) = default;
};

class ShardSampler {
 public:
  struct Options {
    std::int64_t count = 0;         // examples; > 0
    std::int64_t global_batch = 1;  // examples a step takes, over all ranks; > 0
    std::uint64_t seed = 0;
    int rank = 0;
    int ranks = 1;
  };
  explicit ShardSampler(const Options& options);

  struct Batch {
    std::span<const std::int64_t> examples;  // this rank's; may be empty; valid until the next call
    std::int64_t global_size = 0;            // over all ranks; > 0
  };
  // The next batch of the epoch; nullopt at its end.
  std::optional<Batch> Next();

  // What was taken before, and what Next would give, follow from the state alone.
  SamplerState state() const { return state_; }
  // REQUIRES: 0 <= cursor <= count
  void Restore(SamplerState state);

 private:
  const Options options_;
  SamplerState state_;
  std::vector<std::int64_t> order_;  // of state_.epoch
};

}  // namespace lockstep
