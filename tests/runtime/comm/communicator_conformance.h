// What every Communicator must do, whatever carries its data. A transport's test names the
// transport once:
//
//   INSTANTIATE_TEST_SUITE_P(Thread, CommunicatorConformance, ::testing::Values(Transport{...}));
//
// All expected values are closed forms: element i of rank r's buffer is i mod 13 - 6 + r + 1, exact
// in every data type, and so are its sums, extremes and averages over up to eight ranks.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "runtime/comm/collective.h"
#include "runtime/comm/communicator.h"

namespace lockstep {

// A rank's life: it owns its communicator, and leaves the group by dropping it.
using RankBody = std::function<void(std::unique_ptr<Communicator>)>;

struct Transport {
  std::string name;
  std::vector<int> sizes;  // group sizes to test
  // Runs the body on `size` ranks of a fresh group and returns when all have returned.
  std::function<void(int size, const RankBody& body)> run;
  bool sees_peers = true;  // names the rank that is missing, and tells a breach of the order
};
inline void PrintTo(const Transport& transport, std::ostream* out) { *out << transport.name; }

inline constexpr std::chrono::milliseconds kPlenty{60'000};
inline constexpr int kPeriod = 13;

inline const std::vector<DataType>& AllDataTypes() {
  static const std::vector<DataType> all = {DataType::kFloat32, DataType::kFloat64,
                                            DataType::kFloat16, DataType::kBFloat16,
                                            DataType::kInt32,   DataType::kInt64};
  return all;
}

inline const std::vector<ReduceOp>& AllReduceOps() {
  static const std::vector<ReduceOp> all = {ReduceOp::kSum, ReduceOp::kAverage, ReduceOp::kMax,
                                            ReduceOp::kMin};
  return all;
}

// Written apart from the product's conversions; only for what float16 holds exactly.
inline std::uint16_t ExactHalf(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(std::abs(value), &exponent);  // in [0.5, 1)
  const auto mantissa = static_cast<std::uint16_t>((fraction * 2 - 1) * 1024);
  return static_cast<std::uint16_t>((value < 0 ? 0x8000 : 0) | (exponent - 1 + 15) << 10 |
                                    mantissa);
}

template <class T>
void AppendBytes(T value, std::vector<std::byte>& out) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

inline void AppendElement(DataType type, double value, std::vector<std::byte>& out) {
  switch (type) {
    case DataType::kFloat32: return AppendBytes(static_cast<float>(value), out);
    case DataType::kFloat64: return AppendBytes(value, out);
    case DataType::kFloat16: return AppendBytes(ExactHalf(value), out);
    case DataType::kBFloat16: {
      const auto narrow = static_cast<float>(value);
      std::uint32_t bits = 0;
      std::memcpy(&bits, &narrow, sizeof(bits));
      return AppendBytes(static_cast<std::uint16_t>(bits >> 16), out);
    }
    case DataType::kInt32: return AppendBytes(static_cast<std::int32_t>(value), out);
    case DataType::kInt64: return AppendBytes(static_cast<std::int64_t>(value), out);
  }
}

// Elements first, first + 1, ... of a sequence with period kPeriod, `count` of them.
inline std::vector<std::byte> Elements(DataType type, std::size_t count, std::size_t first,
                                       const std::function<double(int phase)>& value) {
  std::vector<std::byte> period;
  for (int i = 0; i < kPeriod; ++i)
    AppendElement(type, value(static_cast<int>((first + i) % kPeriod)), period);
  std::vector<std::byte> out(count * DataTypeBytes(type));
  std::size_t filled = std::min(period.size(), out.size());
  if (filled != 0) std::memcpy(out.data(), period.data(), filled);
  for (std::size_t more = 0; filled < out.size(); filled += more) {  // whole periods, doubled
    more = std::min(filled, out.size() - filled);
    std::memcpy(out.data() + filled, out.data(), more);
  }
  return out;
}

inline std::vector<std::byte> OfRank(int rank, DataType type, std::size_t count,
                                     std::size_t first = 0) {
  return Elements(type, count, first, [rank](int phase) { return phase - 6 + rank + 1; });
}

inline std::vector<std::byte> Reduced(ReduceOp op, int size, DataType type, std::size_t count,
                                      std::size_t first = 0) {
  return Elements(type, count, first, [op, size, type](int phase) {
    const double sum = size * (phase - 6) + size * (size + 1) / 2;
    const bool whole = type == DataType::kInt32 || type == DataType::kInt64;
    switch (op) {
      case ReduceOp::kSum: return sum;
      case ReduceOp::kAverage: return whole ? std::trunc(sum / size) : sum / size;
      case ReduceOp::kMax: return phase - 6.0 + size;
      case ReduceOp::kMin: return phase - 6.0 + 1;
    }
    return 0.0;
  });
}

// By memcmp: element-wise comparison is what takes the time under a sanitizer.
inline bool SameBytes(const std::byte* got, const std::vector<std::byte>& expected) {
  return expected.empty() || std::memcmp(got, expected.data(), expected.size()) == 0;
}

// A test may use the checks below without naming a transport.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CommunicatorConformance);
class CommunicatorConformance : public ::testing::TestWithParam<Transport> {
 protected:
  void RunOnAllSizes(const RankBody& body) {
    for (const int size : GetParam().sizes) {
      SCOPED_TRACE(GetParam().name + ", " + std::to_string(size) + " ranks");
      GetParam().run(size, body);
    }
  }
  // Groups in which somebody misses somebody.
  void RunOnTwoAndMore(const RankBody& body) {
    for (const int size : GetParam().sizes)
      if (size >= 2) GetParam().run(size, body);
  }

  static Buffer Of(std::vector<std::byte>& bytes, DataType type) {
    return {bytes.data(), bytes.size() / DataTypeBytes(type), type};
  }
};

inline void CheckAllReduce(Communicator& group, DataType type, ReduceOp op, std::size_t count) {
  std::vector<std::byte> buffer = OfRank(group.rank(), type, count);
  const Status status = group.AllReduce({buffer.data(), count, type}, op, nullptr)->Wait(kPlenty);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(SameBytes(buffer.data(), Reduced(op, group.size(), type, count)))
      << "wrong result of " << count << " elements of type " << static_cast<int>(type) << ", op "
      << static_cast<int>(op);
}

inline void CheckReduceScatter(Communicator& group, DataType type, ReduceOp op, std::size_t count,
                               bool in_place) {
  const std::size_t bytes = count * DataTypeBytes(type);
  std::vector<std::byte> whole = OfRank(group.rank(), type, count * group.size());
  std::vector<std::byte> part(bytes);
  std::byte* target = in_place ? whole.data() + group.rank() * bytes : part.data();
  const Status status = group
                            .ReduceScatter({whole.data(), count * group.size(), type},
                                           {target, count, type}, op, nullptr)
                            ->Wait(kPlenty);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(SameBytes(target, Reduced(op, group.size(), type, count, group.rank() * count)))
      << "wrong part of " << count << " elements of type " << static_cast<int>(type) << ", op "
      << static_cast<int>(op);
}

inline void CheckAllGather(Communicator& group, DataType type, std::size_t count, bool in_place) {
  const std::size_t bytes = count * DataTypeBytes(type);
  std::vector<std::byte> part = OfRank(group.rank(), type, count);
  std::vector<std::byte> whole(bytes * group.size());
  std::byte* source = part.data();
  if (in_place) {
    source = whole.data() + group.rank() * bytes;
    std::copy(part.begin(), part.end(), source);
  }
  const Status status =
      group.AllGather({source, count, type}, {whole.data(), count * group.size(), type}, nullptr)
          ->Wait(kPlenty);
  EXPECT_TRUE(status.ok()) << status.ToString();
  for (int peer = 0; peer < group.size(); ++peer) {
    EXPECT_TRUE(SameBytes(whole.data() + peer * bytes, OfRank(peer, type, count)))
        << "wrong part of rank " << peer << ", " << count << " elements";
  }
}

inline void CheckBroadcast(Communicator& group, DataType type, std::size_t count, int root) {
  std::vector<std::byte> buffer = OfRank(group.rank(), type, count);
  const Status status = group.Broadcast({buffer.data(), count, type}, root, nullptr)->Wait(kPlenty);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(SameBytes(buffer.data(), OfRank(root, type, count)))
      << count << " elements from rank " << root;
}

inline void CheckEverything(Communicator& group, DataType type, std::size_t count) {
  for (const ReduceOp op : AllReduceOps()) {
    CheckAllReduce(group, type, op, count);
    CheckReduceScatter(group, type, op, count, /*in_place=*/op == ReduceOp::kSum);
  }
  for (const bool in_place : {false, true}) CheckAllGather(group, type, count, in_place);
  for (int root = 0; root < group.size(); ++root) CheckBroadcast(group, type, count, root);
}

// The group of all ranks again, for what the ranks have to tell each other when the first is
// broken.
inline std::unique_ptr<Communicator> SecondGroup(Communicator& group) {
  auto second = group.Split(0, kPlenty);
  EXPECT_TRUE(second.ok()) << second.status().ToString();
  return std::move(second).value();
}

inline void Meet(Communicator& group) {
  const Status status = Barrier(group, kPlenty);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST_P(CommunicatorConformance, EveryOperationOnEveryTypeOfSmallAndOddSizes) {
  RunOnAllSizes([](std::unique_ptr<Communicator> group) {
    for (const DataType type : AllDataTypes())
      for (const std::size_t count : {0, 1, 2, 1027}) CheckEverything(*group, type, count);
  });
}

TEST_P(CommunicatorConformance, ManyChunksWithAnOddRest) {
  RunOnAllSizes([](std::unique_ptr<Communicator> group) {
    for (const DataType type : AllDataTypes()) {
      const std::size_t count = (type == DataType::kFloat32 ? 1u << 20 : 1u << 17) + 3;
      for (const ReduceOp op : AllReduceOps()) CheckAllReduce(*group, type, op, count);
      const std::size_t part = count / group->size() + 1;
      CheckReduceScatter(*group, type, ReduceOp::kAverage, part, false);
      CheckAllGather(*group, type, part, false);
      CheckBroadcast(*group, type, count, group->size() - 1);
    }
  });
}

TEST_P(CommunicatorConformance, AllReduceGivesTheSameBitsOnEveryRank) {
  RunOnAllSizes([](std::unique_ptr<Communicator> group) {
    for (const std::size_t count : {5, 100'003}) {
      std::vector<float> buffer(count);
      for (std::size_t i = 0; i < count; ++i)
        buffer[i] = std::sin(static_cast<float>(i * 7 + group->rank() * 31)) / 3;
      EXPECT_TRUE(group->AllReduce({buffer.data(), count}, ReduceOp::kAverage, nullptr)
                      ->Wait(kPlenty)
                      .ok());
      std::vector<float> all(count * group->size());
      EXPECT_TRUE(group->AllGather({buffer.data(), count}, {all.data(), all.size()}, nullptr)
                      ->Wait(kPlenty)
                      .ok());
      for (int peer = 0; peer < group->size(); ++peer)
        EXPECT_EQ(std::memcmp(&all[peer * count], buffer.data(), count * sizeof(float)), 0)
            << "rank " << peer << " and rank " << group->rank();
    }
  });
}

TEST_P(CommunicatorConformance, ExtremesKeepNaN) {
  RunOnAllSizes([](std::unique_ptr<Communicator> group) {
    for (const ReduceOp op : {ReduceOp::kMax, ReduceOp::kMin}) {
      std::vector<double> buffer = {1.0 + group->rank(), group->rank() == 0 ? NAN : 2.0,
                                    group->rank() + 1 == group->size() ? NAN : 2.0};
      EXPECT_TRUE(group->AllReduce({buffer.data(), buffer.size(), DataType::kFloat64}, op, nullptr)
                      ->Wait(kPlenty)
                      .ok());
      EXPECT_EQ(buffer[0], op == ReduceOp::kMax ? group->size() : 1.0);
      EXPECT_TRUE(std::isnan(buffer[1]));
      EXPECT_TRUE(std::isnan(buffer[2]));
    }
  });
}

TEST_P(CommunicatorConformance, OperationsInFlightRunInOrderAndAreWaitedForInAnyOrder) {
  RunOnAllSizes([](std::unique_ptr<Communicator> group) {
    constexpr int kInFlight = 50;
    std::vector<std::vector<std::byte>> buffers;
    std::vector<std::unique_ptr<Work>> works;
    for (int i = 0; i < kInFlight; ++i)
      buffers.push_back(OfRank(group->rank(), DataType::kInt32, i * 997));
    for (int i = 0; i < kInFlight; ++i)
      works.push_back(group->AllReduce(Of(buffers[i], DataType::kInt32), ReduceOp::kSum, nullptr));
    for (int i = kInFlight - 1; i >= 0; --i) {
      EXPECT_TRUE(works[i]->Wait(kPlenty).ok());
      EXPECT_TRUE(buffers[i] == Reduced(ReduceOp::kSum, group->size(), DataType::kInt32, i * 997));
    }
  });
}

TEST_P(CommunicatorConformance, SplitGroupsWorkSideBySideAndMayBeSplitAgain) {
  RunOnAllSizes([](std::unique_ptr<Communicator> group) {
    const int color = group->rank() % 2;
    auto half = group->Split(color, kPlenty);
    ASSERT_TRUE(half.ok()) << half.status().ToString();
    EXPECT_EQ((*half)->rank(), group->rank() / 2);
    EXPECT_EQ((*half)->size(), (group->size() + 1 - color) / 2);
    CheckEverything(**half, DataType::kFloat32, 33);
    CheckEverything(*group, DataType::kFloat32, 33);
    auto alone = (*half)->Split((*half)->rank(), kPlenty);
    ASSERT_TRUE(alone.ok()) << alone.status().ToString();
    EXPECT_EQ((*alone)->size(), 1);
    CheckEverything(**alone, DataType::kFloat32, 33);
    Meet(*group);
  });
}

TEST_P(CommunicatorConformance, RefusesBuffersThatDoNotFitAndGoesOn) {
  RunOnAllSizes([](std::unique_ptr<Communicator> group) {
    float data[8] = {};
    int stream = 0;
    const auto kind = [](std::unique_ptr<Work> work) { return work->Wait(kPlenty).kind(); };
    const std::size_t size = group->size();
    EXPECT_EQ(kind(group->AllReduce({nullptr, 1}, ReduceOp::kSum, nullptr)),
              StatusKind::kInvalidArgument);
    EXPECT_EQ(kind(group->AllReduce({data, 1}, ReduceOp::kSum, &stream)),
              StatusKind::kInvalidArgument);
    EXPECT_EQ(kind(group->ReduceScatter({data, size + 1}, {data, 1}, ReduceOp::kSum, nullptr)),
              StatusKind::kInvalidArgument);
    EXPECT_EQ(kind(group->AllGather({data, 1}, {data, size, DataType::kInt32}, nullptr)),
              StatusKind::kInvalidArgument);
    EXPECT_EQ(kind(group->Broadcast({data, 1}, group->size(), nullptr)),
              StatusKind::kInvalidArgument);
    EXPECT_EQ(kind(group->Broadcast({data, 1}, -1, nullptr)), StatusKind::kInvalidArgument);
    CheckAllReduce(*group, DataType::kFloat32, ReduceOp::kSum, 3);
  });
}

TEST_P(CommunicatorConformance, APeerThatDoesNotComeEndsTheWaitAtItsDeadline) {
  const bool sees_peers = GetParam().sees_peers;
  GetParam().run(2, [sees_peers](std::unique_ptr<Communicator> group) {
    auto second = SecondGroup(*group);
    Meet(*group);
    if (group->rank() == 0) {
      std::vector<float> data(1000);
      const Status status = group->AllReduce({data.data(), data.size()}, ReduceOp::kSum, nullptr)
                                ->Wait(std::chrono::milliseconds(30));
      EXPECT_EQ(status.kind(), StatusKind::kDeadlineExceeded) << status.ToString();
      if (sees_peers) {
        EXPECT_THAT(status.message(), ::testing::HasSubstr("rank 1 never entered all-reduce #2"));
      }
      // The group is unusable from now on, at once.
      EXPECT_FALSE(Barrier(*group, kPlenty).ok());
    }
    Meet(*second);
    if (group->rank() == 1) {
      const Status status = Barrier(*group, kPlenty);
      EXPECT_EQ(status.kind(), StatusKind::kAborted) << status.ToString();
      EXPECT_THAT(status.message(), ::testing::HasSubstr("rank 0 gave up"));
    }
    Meet(*second);
  });
}

TEST_P(CommunicatorConformance, AbortEndsTheWaitsOfAllRanks) {
  RunOnTwoAndMore([](std::unique_ptr<Communicator> group) {
    auto second = SecondGroup(*group);
    if (group->rank() == 1) {
      group->Abort(Unavailable("the disk is full"));
    } else {
      std::vector<double> data(100'000);
      const Status status =
          group->AllReduce({data.data(), data.size(), DataType::kFloat64}, ReduceOp::kMax, nullptr)
              ->Wait(kPlenty);
      EXPECT_EQ(status.kind(), StatusKind::kAborted) << status.ToString();
      EXPECT_THAT(status.message(), ::testing::AllOf(::testing::HasSubstr("rank 1 aborted"),
                                                     ::testing::HasSubstr("the disk is full")));
    }
    EXPECT_EQ(Barrier(*group, kPlenty).kind(), StatusKind::kAborted);
    Meet(*second);
  });
}

TEST_P(CommunicatorConformance, AnotherThreadMayAbort) {
  GetParam().run(2, [](std::unique_ptr<Communicator> group) {
    auto second = SecondGroup(*group);
    if (group->rank() == 0) {
      int data = 0;
      auto work = group->AllReduce({&data, 1, DataType::kInt32}, ReduceOp::kSum, nullptr);
      std::thread other([&group] { group->Abort(Aborted("Ctrl-C")); });
      EXPECT_EQ(work->Wait(kPlenty).kind(), StatusKind::kAborted);
      other.join();
    }
    Meet(*second);
  });
}

TEST_P(CommunicatorConformance, ADroppedWorkAbortsTheGroup) {
  RunOnTwoAndMore([](std::unique_ptr<Communicator> group) {
    auto second = SecondGroup(*group);
    std::vector<float> data(100'000);
    if (group->rank() == 0) {
      // Whatever it did before, the buffer is free when the destructor has returned.
      group->AllReduce({data.data(), data.size()}, ReduceOp::kSum, nullptr).reset();
      EXPECT_EQ(Barrier(*group, kPlenty).kind(), StatusKind::kAborted);
    } else {
      Status status =
          group->AllReduce({data.data(), data.size()}, ReduceOp::kSum, nullptr)->Wait(kPlenty);
      if (status.ok()) status = Barrier(*group, kPlenty);
      EXPECT_EQ(status.kind(), StatusKind::kAborted) << status.ToString();
      EXPECT_THAT(status.message(), ::testing::HasSubstr("rank 0 dropped all-reduce"));
    }
    Meet(*second);
  });
}

TEST_P(CommunicatorConformance, ABreachOfTheOrderNamesBothRanksAndOperations) {
  if (!GetParam().sees_peers) GTEST_SKIP() << GetParam().name << " cannot tell";
  RunOnTwoAndMore([](std::unique_ptr<Communicator> group) {
    float data[4] = {};
    const bool odd_one = group->rank() == 1;
    const Status status = odd_one
                              ? group->Broadcast({data, 2}, 0, nullptr)->Wait(kPlenty)
                              : group->AllReduce({data, 4}, ReduceOp::kMax, nullptr)->Wait(kPlenty);
    EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition) << status.ToString();
    EXPECT_THAT(status.message(),
                ::testing::AllOf(::testing::HasSubstr("rank 1 called broadcast #0 (2 float32 from"),
                                 ::testing::HasSubstr("called all-reduce #0 (max of 4 float32)")));
  });
}

TEST_P(CommunicatorConformance, ARankThatLeftIsNamed) {
  if (!GetParam().sees_peers) GTEST_SKIP() << GetParam().name << " cannot tell";
  RunOnTwoAndMore([](std::unique_ptr<Communicator> group) {
    Meet(*group);
    if (group->rank() == 1) return;
    const Status status = Barrier(*group, kPlenty);
    EXPECT_EQ(status.kind(), StatusKind::kUnavailable) << status.ToString();
    EXPECT_THAT(status.message(), ::testing::HasSubstr("rank 1 never entered all-reduce #1"));
    EXPECT_THAT(status.message(), ::testing::HasSubstr("left"));
  });
}

TEST_P(CommunicatorConformance, AWorkMayOutliveItsCommunicator) {
  RunOnTwoAndMore([](std::unique_ptr<Communicator> group) {
    auto second = SecondGroup(*group);
    if (group->rank() == 0) {
      float data = 0;
      auto work = group->AllReduce({&data, 1}, ReduceOp::kSum, nullptr);
      group.reset();
      EXPECT_EQ(work->Wait(kPlenty).kind(), StatusKind::kAborted);
    }
    Meet(*second);
    if (group != nullptr) {
      EXPECT_FALSE(Barrier(*group, kPlenty).ok());
    }
    Meet(*second);
  });
}

}  // namespace lockstep
