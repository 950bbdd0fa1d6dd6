#include "runtime/train/gradient_bucketer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "runtime/train/broadcast.h"
#include "runtime/train/module_agreement.h"
#include "tests/runtime/train/rank_threads.h"
#include "tests/runtime/train/recording_communicator.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Indices = std::vector<std::size_t>;

std::vector<BucketParameter> Floats(std::initializer_list<std::size_t> counts) {
  std::vector<BucketParameter> parameters;
  for (const std::size_t count : counts) {
    parameters.push_back({"p" + std::to_string(parameters.size()), count, DataType::kFloat32});
  }
  return parameters;
}

constexpr BucketSizes kTiny{.first_bytes_max = 8, .bytes_max = 16};  // 2 floats, then 4

TEST(PlanBuckets, FillsASmallFirstBucketThenLargerOnes) {
  const auto parameters = Floats({3, 1, 2, 1, 1});
  const BucketLayout layout = PlanBuckets(parameters, ReverseOrder(5), kTiny);
  ASSERT_EQ(layout.buckets.size(), 3u);
  EXPECT_EQ(layout.buckets[0].parameters, (Indices{4, 3}));
  EXPECT_EQ(layout.buckets[1].parameters, (Indices{2, 1}));
  EXPECT_EQ(layout.buckets[2].parameters, (Indices{0}));
  EXPECT_EQ(layout.slots[1].bucket, 1u);
  EXPECT_EQ(layout.slots[1].offset, 2u);
}

TEST(PlanBuckets, GivesAParameterAboveTheLimitItsOwnBucket) {
  const auto parameters = Floats({1, 100, 1});
  const BucketLayout layout = PlanBuckets(parameters, ReverseOrder(3), kTiny);
  ASSERT_EQ(layout.buckets.size(), 3u);
  EXPECT_EQ(layout.buckets[1].count, 100u);
}

TEST(PlanBuckets, KeepsTypesApart) {
  std::vector<BucketParameter> parameters = Floats({1, 1, 1});
  parameters[1].type = DataType::kFloat64;
  const BucketLayout layout = PlanBuckets(parameters, ReverseOrder(3), {});
  ASSERT_EQ(layout.buckets.size(), 2u);
  EXPECT_EQ(layout.buckets[0].parameters, (Indices{2, 0}));
  EXPECT_EQ(layout.buckets[1].type, DataType::kFloat64);
}

// Slots of a bucket neither overlap nor leave gaps, whatever the sizes.
TEST(PlanBuckets, CoversEachBucketExactly) {
  for (std::size_t seed = 1; seed <= 50; ++seed) {
    std::vector<BucketParameter> parameters;
    for (std::size_t i = 0; i < 40; ++i) parameters.push_back({"p", i * seed * 7919 % 23, {}});
    const BucketLayout layout = PlanBuckets(parameters, ReverseOrder(40), {16, 80});
    std::size_t placed = 0;
    for (std::size_t b = 0; b < layout.buckets.size(); ++b) {
      std::size_t next = 0;
      for (const std::size_t index : layout.buckets[b].parameters) {
        EXPECT_EQ(layout.slots[index].bucket, b);
        EXPECT_EQ(layout.slots[index].offset, next);
        next += parameters[index].count;
        ++placed;
      }
      EXPECT_EQ(next, layout.buckets[b].count);
    }
    EXPECT_EQ(placed, parameters.size());
  }
}

// A bucketer with its storage, three parameters of one float each, one to a bucket.
struct ThreeBuckets {
  explicit ThreeBuckets(Communicator& group) : bucketer(group, Floats({1, 1, 1})) {
    std::vector<void*> storage;
    for (float& value : values) storage.push_back(&value);
    bucketer.Bind(PlanBuckets(Floats({1, 1, 1}), ReverseOrder(3), {1, 1}), storage);
  }
  std::vector<float> values = {0, 0, 0};  // by bucket: p2, p1, p0; outlive what is in flight
  GradientBucketer bucketer;
};

TEST(GradientBucketer, AveragesOverTheRanks) {
  OnRanks(3, [](Communicator& group) {
    ThreeBuckets b(group);
    for (int step = 0; step < 10; ++step) {
      const float base = static_cast<float>(group.rank() + step);
      b.values = {base, base * 10, base * 100};
      for (const std::size_t index : {2, 1, 0}) ASSERT_TRUE(b.bucketer.MarkReady(index).ok());
      ASSERT_TRUE(b.bucketer.Finish(kTestDeadline).ok());
      const float mean = static_cast<float>(1 + step);
      EXPECT_THAT(b.values, ElementsAre(mean, mean * 10, mean * 100));
    }
  });
}

TEST(GradientBucketer, StartsBucketsInTheSameOrderWhateverArrivesFirst) {
  EventLog log;
  OnRanks(2, [&](Communicator& group) {
    EventLog ignored;
    RecordingCommunicator recorder(group, group.rank() == 0 ? log : ignored);
    GradientBucketer bucketer(recorder, Floats({5, 6, 7}));
    std::vector<float> storage(18);
    bucketer.Bind(PlanBuckets(Floats({5, 6, 7}), ReverseOrder(3), {1, 1}),
                  {&storage[0], &storage[7], &storage[13]});
    // Rank 0's gradients come in the worst order.
    const Indices order = group.rank() == 0 ? Indices{0, 1, 2} : Indices{2, 1, 0};
    for (const std::size_t index : order) {
      if (group.rank() == 0) log.Add("ready " + std::to_string(index));
      ASSERT_TRUE(bucketer.MarkReady(index).ok());
    }
    ASSERT_TRUE(bucketer.Finish(kTestDeadline).ok());
  });
  EXPECT_THAT(log.events(), ElementsAre("ready 0", "ready 1", "ready 2", "start 7", "start 6",
                                        "start 5", "done 7", "done 6", "done 5"));
}

TEST(GradientBucketer, StartsTheFirstBucketBeforeTheLastGradientIsReady) {
  EventLog log;
  OnRanks(1, [&](Communicator& group) {
    RecordingCommunicator recorder(group, log);
    ThreeBuckets b(recorder);
    for (const std::size_t index : {2, 1, 0}) {
      ASSERT_TRUE(b.bucketer.MarkReady(index).ok());
      log.Add("ready " + std::to_string(index));
    }
    ASSERT_TRUE(b.bucketer.Finish(kTestDeadline).ok());
  });
  EXPECT_THAT(log.events(), ElementsAre("start 1", "ready 2", "start 1", "ready 1", "start 1",
                                        "ready 0", "done 1", "done 1", "done 1"));
}

TEST(GradientBucketer, NamesMissingParametersAndFreesTheOtherRanks) {
  OnRanks(2, [](Communicator& group) {
    ThreeBuckets b(group);
    ASSERT_TRUE(b.bucketer.MarkReady(2).ok());
    if (group.rank() == 0) {
      const Status status = b.bucketer.Finish(kTestDeadline);
      EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
      EXPECT_THAT(status.message(), HasSubstr("rank 0: backward gave no gradient for 'p0', 'p1'"));
    } else {
      ASSERT_TRUE(b.bucketer.MarkReady(1).ok());
      ASSERT_TRUE(b.bucketer.MarkReady(0).ok());
      EXPECT_THAT(b.bucketer.Finish(kTestDeadline).message(), HasSubstr("'p0', 'p1'"));
    }
  });
}

TEST(GradientBucketer, RefusesASecondBackwardInOneStep) {
  OnRanks(1, [](Communicator& group) {
    ThreeBuckets b(group);
    ASSERT_TRUE(b.bucketer.MarkReady(2).ok());
    EXPECT_THAT(b.bucketer.MarkReady(2).message(), HasSubstr("'p2' came twice"));
  });
}

TEST(GradientBucketer, AgreesOnTheOrderOfRankZero) {
  OnRanks(2, [](Communicator& group) {
    ThreeBuckets b(group);
    for (const std::size_t index : group.rank() == 0 ? Indices{1, 2, 0} : Indices{0, 1, 2}) {
      ASSERT_TRUE(b.bucketer.MarkReady(index).ok());
    }
    ASSERT_TRUE(b.bucketer.Finish(kTestDeadline).ok());
    EXPECT_THAT(*b.bucketer.AgreeOnArrivalOrder(kTestDeadline), ElementsAre(1, 2, 0));
  });
}

TEST(Broadcast, CarriesBytesOfAnyLength) {
  OnRanks(3, [](Communicator& group) {
    for (const std::size_t length : {0, 1, 3, 4, 5, 1001}) {
      std::string text(group.rank() == 1 ? length : 2, static_cast<char>('a' + group.rank()));
      ASSERT_TRUE(BroadcastString(group, text, 1, kTestDeadline).ok());
      EXPECT_EQ(text, std::string(length, 'b'));
    }
  });
}

TEST(Broadcast, TellsEveryRankTheRootsStatus) {
  OnRanks(2, [](Communicator& group) {
    const Status own = group.rank() == 0 ? NotFound("no folder") : OkStatus();
    EXPECT_EQ(BroadcastStatus(group, own, 0, kTestDeadline), NotFound("no folder"));
    EXPECT_TRUE(BroadcastStatus(group, own, 1, kTestDeadline).ok());
  });
}

TEST(CompareOverRanks, NamesTheFirstDifferenceOnEveryRank) {
  OnRanks(3, [](Communicator& group) {
    std::vector<std::string> lines = {"a [1]", "b [2]", "c [3]"};
    EXPECT_TRUE(CompareOverRanks(group, lines, kTestDeadline).ok());
    if (group.rank() == 1) lines[2] = "c [9]";
    if (group.rank() == 2) lines[1] = "b [7]";
    EXPECT_THAT(CompareOverRanks(group, lines, kTestDeadline).message(),
                AllOf(HasSubstr("rank 0 has 'b [2]'"), HasSubstr("rank 2 has 'b [7]'")));
  });
}

TEST(CompareOverRanks, NoticesAShorterList) {
  OnRanks(2, [](Communicator& group) {
    std::vector<std::string> lines = {"a [1]", "b [2]"};
    if (group.rank() == 1) lines.pop_back();
    EXPECT_THAT(CompareOverRanks(group, lines, kTestDeadline).message(),
                HasSubstr("rank 0 has 'b [2]', rank 1 has nothing"));
  });
}

}  // namespace
}  // namespace lockstep
