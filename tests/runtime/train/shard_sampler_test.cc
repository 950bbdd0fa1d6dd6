#include "runtime/train/shard_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace lockstep {
namespace {

using Examples = std::vector<std::int64_t>;

// What all ranks together take in each remaining step of the epoch.
std::vector<Examples> GlobalBatches(ShardSampler::Options options, SamplerState from) {
  std::vector<Examples> batches;
  for (int rank = 0; rank < options.ranks; ++rank) {
    options.rank = rank;
    ShardSampler sampler(options);
    sampler.Restore(from);
    for (std::size_t step = 0; const auto batch = sampler.Next(); ++step) {
      if (batches.size() <= step) batches.emplace_back();
      batches[step].insert(batches[step].end(), batch->examples.begin(), batch->examples.end());
    }
  }
  return batches;
}

Examples Joined(const std::vector<Examples>& batches) {
  Examples all;
  for (const Examples& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

TEST(ShardSampler, VisitsEveryExampleOnceAnEpochOverAllRanks) {
  for (const int ranks : {1, 2, 3, 7}) {
    for (const std::int64_t count : {1, 5, 64, 1000, 1001}) {
      for (const std::int64_t batch : {1, 4, 64, 5000}) {
        Examples seen = Joined(
            GlobalBatches({.count = count, .global_batch = batch, .seed = 3, .ranks = ranks}, {}));
        std::sort(seen.begin(), seen.end());
        Examples all(static_cast<std::size_t>(count));
        std::iota(all.begin(), all.end(), 0);
        EXPECT_EQ(seen, all) << ranks << " ranks, " << count << " examples, batch " << batch;
      }
    }
  }
}

TEST(ShardSampler, GivesTheSameGlobalBatchesForEveryNumberOfRanks) {
  const ShardSampler::Options options{.count = 1001, .global_batch = 30, .seed = 7};
  const std::vector<Examples> alone = GlobalBatches(options, {});
  for (const int ranks : {2, 3, 4}) {
    ShardSampler::Options shared = options;
    shared.ranks = ranks;
    EXPECT_EQ(GlobalBatches(shared, {}), alone) << ranks;
  }
}

TEST(ShardSampler, GoesOnWithAnotherNumberOfRanks) {
  ShardSampler::Options options{.count = 100, .global_batch = 8, .seed = 7, .ranks = 4};
  ShardSampler before(options);
  for (int step = 0; step < 5; ++step) ASSERT_TRUE(before.Next());
  EXPECT_EQ(before.state(), (SamplerState{.epoch = 0, .cursor = 40}));

  options.ranks = 3;
  const Examples order = EpochOrder(100, 7, 0);
  EXPECT_EQ(Joined(GlobalBatches(options, before.state())),
            Examples(order.begin() + 40, order.end()));
}

TEST(ShardSampler, SharesDifferByAtMostOne) {
  ShardSampler sampler({.count = 10, .global_batch = 10, .seed = 0, .rank = 2, .ranks = 3});
  EXPECT_EQ(sampler.Next()->examples.size(), 4u);
  EXPECT_FALSE(sampler.Next());
  ShardSampler starved({.count = 2, .global_batch = 10, .seed = 0, .rank = 0, .ranks = 3});
  const auto batch = starved.Next();
  EXPECT_TRUE(batch->examples.empty());
  EXPECT_EQ(batch->global_size, 2);
}

TEST(EpochOrder, DependsOnSeedAndEpoch) {
  EXPECT_EQ(EpochOrder(100, 1, 2), EpochOrder(100, 1, 2));
  EXPECT_NE(EpochOrder(100, 1, 2), EpochOrder(100, 1, 3));
  EXPECT_NE(EpochOrder(100, 1, 2), EpochOrder(100, 2, 2));
  EXPECT_NE(EpochOrder(100, 1, 2), EpochOrder(100, 2, 1));
}

// A checkpoint must find the same order on another machine, with another compiler.
TEST(EpochOrder, IsTheSameEverywhere) {
  EXPECT_EQ(EpochOrder(10, 42, 1), (Examples{8, 7, 9, 0, 1, 2, 5, 6, 4, 3}));
}

TEST(EpochOrder, PutsEveryExampleInEveryPlaceEquallyOften) {
  constexpr int kRounds = 6000;
  int counts[6][6] = {};
  for (int epoch = 0; epoch < kRounds; ++epoch) {
    const Examples order = EpochOrder(6, 5, epoch);
    for (std::size_t place = 0; place < 6; ++place) ++counts[place][order[place]];
  }
  for (const auto& row : counts) {
    for (const int count : row) EXPECT_NEAR(count, kRounds / 6, 150);  // more than 5 sigma
  }
}

}  // namespace
}  // namespace lockstep
