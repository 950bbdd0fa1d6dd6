// Compiled with -O3, so that the plain loops below become vector code. Each loop is compiled three
// times, for AVX-512, AVX2 and the baseline, and chosen once at run time: the program runs
// anywhere.
#include "runtime/comm/reduction.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#define LOCKSTEP_X86 1
#endif

namespace lockstep {
namespace {

constexpr std::size_t kBlock = 1024;  // elements; a block of accumulators stays in the L1 cache

template <ReduceOp op, class T>
[[gnu::always_inline]] inline T Apply(T a, T b) {
  if constexpr (op == ReduceOp::kMax) {
    return a > b || a != a ? a : b;  // a NaN wins from either side
  } else if constexpr (op == ReduceOp::kMin) {
    return a < b || a != a ? a : b;
  } else if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else {
    return a + b;
  }
}

// `out` is a, b, or apart from both: never shifted against them, which is what ivdep needs.
template <ReduceOp op, class T>
[[gnu::always_inline]] inline void CombineLoop(const T* a, const T* b, std::size_t count, T* out) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) out[i] = Apply<op>(a[i], b[i]);
}

template <class T>
using CombineFunction = void (*)(const T* a, const T* b, std::size_t count, T* out);

template <ReduceOp op, class T>
void CombineBaseline(const T* a, const T* b, std::size_t count, T* out) {
  CombineLoop<op>(a, b, count, out);
}

#ifdef LOCKSTEP_X86
template <ReduceOp op, class T>
__attribute__((target("avx2"))) void CombineAvx2(const T* a, const T* b, std::size_t count,
                                                 T* out) {
  CombineLoop<op>(a, b, count, out);
}

template <ReduceOp op, class T>
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"))) void
CombineAvx512(const T* a, const T* b, std::size_t count, T* out) {
  CombineLoop<op>(a, b, count, out);
}

bool HasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

template <ReduceOp op, class T>
CombineFunction<T> ChooseCombine() {
#ifdef LOCKSTEP_X86
  if (HasAvx512()) return CombineAvx512<op, T>;
  if (__builtin_cpu_supports("avx2")) return CombineAvx2<op, T>;
#endif
  return CombineBaseline<op, T>;
}

template <class T>
CombineFunction<T> CombineOf(ReduceOp op) {
  static const std::array<CombineFunction<T>, 3> chosen = {ChooseCombine<ReduceOp::kSum, T>(),
                                                           ChooseCombine<ReduceOp::kMax, T>(),
                                                           ChooseCombine<ReduceOp::kMin, T>()};
  switch (op) {
    case ReduceOp::kMax: return chosen[1];
    case ReduceOp::kMin: return chosen[2];
    default: return chosen[0];
  }
}

template <class T>
void DivideTyped(T* data, std::size_t count, int divisor) {
  for (std::size_t i = 0; i < count; ++i) data[i] /= static_cast<T>(divisor);
}

template <class T>
void ReduceTyped(ReduceOp op, std::span<const void* const> sources, std::size_t count, T* out) {
  const CombineFunction<T> combine = CombineOf<T>(op);
  const std::size_t n = sources.size();
  alignas(64) std::array<T, kBlock> sum;
  for (std::size_t at = 0; at < count; at += kBlock) {
    const std::size_t length = std::min(kBlock, count - at);
    const T* left = static_cast<const T*>(sources[0]) + at;
    // Only the last step writes to `out`, when every source of the block has been read.
    for (std::size_t k = 1; k < n; ++k) {
      T* to = k + 1 == n ? out + at : sum.data();
      combine(left, static_cast<const T*>(sources[k]) + at, length, to);
      left = to;
    }
    if (n == 1 && out + at != left) std::memcpy(out + at, left, length * sizeof(T));
    if (op == ReduceOp::kAverage) DivideTyped(out + at, length, static_cast<int>(n));
  }
}

float HalfToFloat(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t rest = half & 0x7fffu;
  if (rest >= 0x7c00u)  // infinity and NaN; a NaN is made quiet, as the hardware does
    return std::bit_cast<float>(sign | 0x7f800000u | (rest & 0x3ffu) << 13 |
                                (rest > 0x7c00u ? 0x400000u : 0u));
  if (rest < 0x400u) {  // zero and subnormal numbers: an exact multiple of 2^-24
    const float value = static_cast<float>(rest) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | ((rest << 13) + (112u << 23)));
}

std::uint16_t FloatToHalf(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const std::uint32_t rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u | (rest >> 13 & 0x1ffu));
  if (rest >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // rounds to infinity
  if (rest < 0x38800000u) {  // below 2^-14: let the float adder round to a multiple of 2^-24
    const float magnitude = std::bit_cast<float>(rest) + 0.5f;
    return static_cast<std::uint16_t>(
        sign | (std::bit_cast<std::uint32_t>(magnitude) - std::bit_cast<std::uint32_t>(0.5f)));
  }
  const std::uint32_t rounded = rest + 0xfffu + (rest >> 13 & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded >> 13) - (112u << 10)));
}

void WidenHalf(const std::uint16_t* from, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = HalfToFloat(from[i]);
}

void NarrowHalf(const float* from, std::size_t count, std::uint16_t* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = FloatToHalf(from[i]);
}

#ifdef LOCKSTEP_X86
bool HasF16c() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
  return has;
}

__attribute__((target("avx2,f16c"))) std::size_t WidenHalfF16c(const std::uint16_t* from,
                                                               std::size_t count, float* to) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(to + i,
                     _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  return i;
}

__attribute__((target("avx2,f16c"))) std::size_t NarrowHalfF16c(const float* from,
                                                                std::size_t count,
                                                                std::uint16_t* to) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}
#endif

void WidenBFloat(const std::uint16_t* from, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i)
    to[i] = std::bit_cast<float>(static_cast<std::uint32_t>(from[i]) << 16);
}

void NarrowBFloat(const float* from, std::size_t count, std::uint16_t* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(from[i]);
    const std::uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1u);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    to[i] = static_cast<std::uint16_t>((nan ? bits | 0x400000u : rounded) >> 16);
  }
}

void ReduceNarrow(DataType type, ReduceOp op, std::span<const void* const> sources,
                  std::size_t count, std::uint16_t* out) {
  const CombineFunction<float> combine = CombineOf<float>(op);
  alignas(64) std::array<float, kBlock> sum;
  alignas(64) std::array<float, kBlock> next;
  for (std::size_t at = 0; at < count; at += kBlock) {
    const std::size_t length = std::min(kBlock, count - at);
    for (std::size_t k = 0; k < sources.size(); ++k) {
      const auto* from = static_cast<const std::uint16_t*>(sources[k]) + at;
      WidenToFloat(type, from, length, k == 0 ? sum.data() : next.data());
      if (k != 0) combine(sum.data(), next.data(), length, sum.data());
    }
    if (op == ReduceOp::kAverage) DivideTyped(sum.data(), length, static_cast<int>(sources.size()));
    NarrowFromFloat(type, sum.data(), length, out + at);
  }
}

}  // namespace

void Reduce(DataType type, ReduceOp op, std::span<const void* const> sources, std::size_t count,
            void* out) {
  CHECK(!sources.empty()) << "a reduction of no ranks";
  switch (type) {
    case DataType::kFloat32: return ReduceTyped(op, sources, count, static_cast<float*>(out));
    case DataType::kFloat64: return ReduceTyped(op, sources, count, static_cast<double*>(out));
    case DataType::kInt32: return ReduceTyped(op, sources, count, static_cast<std::int32_t*>(out));
    case DataType::kInt64: return ReduceTyped(op, sources, count, static_cast<std::int64_t*>(out));
    case DataType::kFloat16:
    case DataType::kBFloat16:
      return ReduceNarrow(type, op, sources, count, static_cast<std::uint16_t*>(out));
  }
}

void Divide(DataType type, void* data, std::size_t count, int divisor) {
  switch (type) {
    case DataType::kFloat32: return DivideTyped(static_cast<float*>(data), count, divisor);
    case DataType::kFloat64: return DivideTyped(static_cast<double*>(data), count, divisor);
    case DataType::kInt32: return DivideTyped(static_cast<std::int32_t*>(data), count, divisor);
    case DataType::kInt64: return DivideTyped(static_cast<std::int64_t*>(data), count, divisor);
    case DataType::kFloat16:
    case DataType::kBFloat16: CHECK(false) << "divide float16 and bfloat16 before rounding";
  }
}

void WidenToFloat(DataType type, const void* from, std::size_t count, float* to) {
  const auto* narrow = static_cast<const std::uint16_t*>(from);
  if (type == DataType::kBFloat16) return WidenBFloat(narrow, count, to);
  CHECK(type == DataType::kFloat16) << "data type " << static_cast<int>(type);
  std::size_t done = 0;
#ifdef LOCKSTEP_X86
  if (HasF16c()) done = WidenHalfF16c(narrow, count, to);
#endif
  WidenHalf(narrow + done, count - done, to + done);
}

void NarrowFromFloat(DataType type, const float* from, std::size_t count, void* to) {
  auto* narrow = static_cast<std::uint16_t*>(to);
  if (type == DataType::kBFloat16) return NarrowBFloat(from, count, narrow);
  CHECK(type == DataType::kFloat16) << "data type " << static_cast<int>(type);
  std::size_t done = 0;
#ifdef LOCKSTEP_X86
  if (HasF16c()) done = NarrowHalfF16c(from, count, narrow);
#endif
  NarrowHalf(from + done, count - done, narrow + done);
}

}  // namespace lockstep
