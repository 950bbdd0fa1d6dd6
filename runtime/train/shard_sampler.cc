#include "runtime/train/shard_sampler.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "runtime/base/check.h"

namespace lockstep {
namespace {

// SplitMix64 (G. Steele et al., OOPSLA 2014): standard library engines are portable, but their
// distributions and std::shuffle are not.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound): what would favour small numbers is drawn again.
  std::uint64_t Below(std::uint64_t bound) {
    const std::uint64_t reject_below = (0 - bound) % bound;
    std::uint64_t value = Next();
    while (value < reject_below) value = Next();
    return value % bound;
  }

 private:
  std::uint64_t state_;
};

}  // namespace

std::vector<std::int64_t> EpochOrder(std::int64_t count, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  // Seeds and epochs that are neighbours give streams that have nothing in common.
  SplitMix64 random(SplitMix64(seed).Next() ^ static_cast<std::uint64_t>(epoch));
  for (std::size_t left = order.size(); left > 1; --left) {
    std::swap(order[left - 1], order[random.Below(left)]);
  }
  return order;
}

Share ShareOf(std::int64_t count, int rank, int ranks) {
  return {count * rank / ranks, count * (rank + 1) / ranks};
}

ShardSampler::ShardSampler(const Options& options) : options_(options) {
  CHECK(options.count > 0 && options.global_batch > 0);
  CHECK(0 <= options.rank && options.rank < options.ranks);
  Restore({});
}

void ShardSampler::Restore(SamplerState state) {
  CHECK(state.epoch >= 0 && 0 <= state.cursor && state.cursor <= options_.count);
  state_ = state;
  order_ = EpochOrder(options_.count, options_.seed, state.epoch);
}

std::optional<ShardSampler::Batch> ShardSampler::Next() {
  const std::int64_t size = std::min(options_.global_batch, options_.count - state_.cursor);
  if (size == 0) return std::nullopt;
  const Share share = ShareOf(size, options_.rank, options_.ranks);
  const std::span<const std::int64_t> order = order_;
  Batch batch{order.subspan(static_cast<std::size_t>(state_.cursor + share.begin),
                            static_cast<std::size_t>(share.end - share.begin)),
              size};
  state_.cursor += size;
  return batch;
}

}  // namespace lockstep
