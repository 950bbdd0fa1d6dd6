#include "runtime/comm/reduction.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace lockstep {
namespace {

// What the format says, in double: exact for every float16.
double ValueOfHalf(std::uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int mantissa = half & 1023;
  const double sign = half >> 15 != 0 ? -1 : 1;
  if (exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Reduction, WidensEveryFloat16ExactlyAndBack) {
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  std::vector<float> wide(all.size());
  WidenToFloat(DataType::kFloat16, all.data(), all.size(), wide.data());
  std::vector<std::uint16_t> back(all.size());
  NarrowFromFloat(DataType::kFloat16, wide.data(), wide.size(), back.data());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double value = ValueOfHalf(all[i]);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(wide[i]) && std::isnan(ValueOfHalf(back[i]))) << i;
    } else {
      EXPECT_EQ(wide[i], value) << i;
      EXPECT_EQ(back[i], all[i]) << i;
    }
  }
}

// One at a time goes through the portable code, eight through the vector unit where there is one.
TEST(Reduction, RoundsFloat16TheSameOneByOneAndInVectors) {
  std::vector<float> values;
  for (std::uint32_t bits = 0; bits < 0xffff0000u; bits += 0x3fff)
    values.push_back(std::bit_cast<float>(bits));
  values.resize(values.size() / 8 * 8);
  std::vector<std::uint16_t> vectors(values.size());
  NarrowFromFloat(DataType::kFloat16, values.data(), values.size(), vectors.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t one = 0;
    NarrowFromFloat(DataType::kFloat16, &values[i], 1, &one);
    ASSERT_EQ(one, vectors[i]) << values[i];
  }
}

TEST(Reduction, RoundsToNearestEven) {
  const std::array<float, 4> values = {1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 65519, 65520};
  std::array<std::uint16_t, 4> half = {};
  NarrowFromFloat(DataType::kFloat16, values.data(), values.size(), half.data());
  EXPECT_EQ(half, (std::array<std::uint16_t, 4>{0x3c00, 0x3c02, 0x7bff, 0x7c00}));
  const std::array<float, 3> wide = {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, NAN};
  std::array<std::uint16_t, 3> narrow = {};
  NarrowFromFloat(DataType::kBFloat16, wide.data(), wide.size(), narrow.data());
  EXPECT_EQ(narrow, (std::array<std::uint16_t, 3>{0x3f80, 0x3f82, 0x7fc0}));
}

// Float16 sums of small steps would lose every step if they were rounded on the way.
TEST(Reduction, AccumulatesNarrowTypesInFloat32) {
  const std::uint16_t big = 0x6800;  // 2048
  const std::uint16_t one = 0x3c00;  // 1, half of the distance to the next float16
  const std::array<const void*, 5> sources = {&big, &one, &one, &one, &one};
  std::uint16_t sum = 0;
  Reduce(DataType::kFloat16, ReduceOp::kSum, sources, 1, &sum);
  EXPECT_EQ(ValueOfHalf(sum), 2052);
}

TEST(Reduction, AddsInTheOrderOfTheSources) {
  const float huge = 1e30f;
  const float minus = -1e30f;
  const float one = 1;
  float sum = 0;
  Reduce(DataType::kFloat32, ReduceOp::kSum, std::array<const void*, 3>{&huge, &minus, &one}, 1,
         &sum);
  EXPECT_EQ(sum, 1);
  Reduce(DataType::kFloat32, ReduceOp::kSum, std::array<const void*, 3>{&one, &huge, &minus}, 1,
         &sum);
  EXPECT_EQ(sum, 0);
}

TEST(Reduction, WrapsIntegerSumsAround) {
  const std::int32_t most = std::numeric_limits<std::int32_t>::max();
  const std::int32_t one = 1;
  std::int32_t sum = 0;
  Reduce(DataType::kInt32, ReduceOp::kSum, std::array<const void*, 2>{&most, &one}, 1, &sum);
  EXPECT_EQ(sum, std::numeric_limits<std::int32_t>::min());
}

TEST(Reduction, MayWriteOverAnyOfItsSources) {
  for (std::size_t over = 0; over < 3; ++over) {
    std::array<std::vector<double>, 3> sources;
    for (std::size_t k = 0; k < 3; ++k)
      for (int i = 0; i < 3000; ++i) sources[k].push_back(i * 3.0 + static_cast<double>(k));
    Reduce(DataType::kFloat64, ReduceOp::kAverage,
           std::array<const void*, 3>{sources[0].data(), sources[1].data(), sources[2].data()},
           3000, sources[over].data());
    for (int i = 0; i < 3000; ++i) ASSERT_EQ(sources[over][i], i * 3.0 + 1);
  }
}

}  // namespace
}  // namespace lockstep
