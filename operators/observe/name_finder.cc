#include "operators/observe/name_finder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/base/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define LOCKSTEP_X86 1
#endif

namespace lockstep {
namespace {

constexpr std::size_t kBlock = 64;  // places looked at together: one bit each of a word

// The processor's own prefetching is too timid for a loop that takes this little time a line.
constexpr std::size_t kAhead = 4096;  // bytes

// How common a byte is in logs, roughly; 0: rare.
int Commonness(char byte) {
  constexpr std::string_view kCommonFirst = " etaoinsr0l1dcu2m.p_gf=-:ybwv";
  const std::size_t at = kCommonFirst.find(byte);
  return at == std::string_view::npos ? 0 : static_cast<int>(kCommonFirst.size() - at);
}

// Each Mask has Of(text, byte): bit k: text[k] is `byte`, for the 64 bytes there.
#ifdef LOCKSTEP_X86
struct PlainMask {  // SSE2, which every x86-64 has
  static std::uint64_t Of(const char* text, char byte) {
    std::uint64_t mask = 0;
    for (int i = 0; i < 4; ++i) {
      const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text) + i);
      const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(part, _mm_set1_epi8(byte)));
      mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(bits)) << (16 * i);
    }
    return mask;
  }
};

struct Avx2Mask {
  __attribute__((target("avx2,popcnt"))) static std::uint64_t Of(const char* text, char byte) {
    const __m256i wanted = _mm256_set1_epi8(byte);
    const auto* parts = reinterpret_cast<const __m256i*>(text);
    const auto low = static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(parts), wanted)));
    const auto high = static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(parts + 1), wanted)));
    return low | static_cast<std::uint64_t>(high) << 32;
  }
};

struct Avx512Mask {
  __attribute__((target("avx512f,avx512bw,popcnt"))) static std::uint64_t Of(const char* text,
                                                                             char byte) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text), _mm512_set1_epi8(byte));
  }
};
#else
struct PlainMask {
  static std::uint64_t Of(const char* text, char byte) {
    std::uint64_t mask = 0;
    for (std::size_t k = 0; k < kBlock; ++k) {
      mask |= static_cast<std::uint64_t>(text[k] == byte) << k;
    }
    return mask;
  }
};
#endif

}  // namespace

// The first block before `end` with a place to look at; else an empty one where fewer than 64
// places are left. A count of probes that is known in advance keeps them in registers; 0: any.
template <class Mask, std::size_t kProbes>
[[gnu::always_inline]] inline NameFinder::Block NameFinder::Scan(const char* text, std::size_t from,
                                                                 std::size_t end,
                                                                 const std::vector<Probe>& probes,
                                                                 std::uint64_t& line_feeds) {
  const Probe* const probe = probes.data();
  const std::size_t count = kProbes == 0 ? probes.size() : kProbes;
  std::uint64_t passed = 0;
  // Only the first block may be unaligned, and overlaps the next then: loads that miss the cache
  // take twice as long when they also cross its lines.
  std::size_t step = kBlock - reinterpret_cast<std::uintptr_t>(text + from) % kBlock;
  for (; from + kBlock <= end; from += step, step = kBlock) {
    __builtin_prefetch(text + from + kAhead);
    std::uint64_t places = 0;
    for (std::size_t i = 0; i < count; ++i) {
      places |= Mask::Of(text + from + probe[i].offset[0], probe[i].byte[0]) &
                Mask::Of(text + from + probe[i].offset[1], probe[i].byte[1]);
    }
    const std::uint64_t feeds = Mask::Of(text + from, '\n');
    if (places != 0) {
      line_feeds += passed;
      return {from, places, feeds};
    }
    passed += static_cast<std::uint64_t>(std::popcount(feeds << (kBlock - step)));
  }
  line_feeds += passed;
  return {from, 0, 0};
}

template <class Mask>
[[gnu::always_inline]] inline NameFinder::Block NameFinder::ScanAny(
    const char* text, std::size_t from, std::size_t end, const std::vector<Probe>& probes,
    std::uint64_t& line_feeds) {
  switch (probes.size()) {
    case 1: return Scan<Mask, 1>(text, from, end, probes, line_feeds);
    case 2: return Scan<Mask, 2>(text, from, end, probes, line_feeds);
    case 3: return Scan<Mask, 3>(text, from, end, probes, line_feeds);
    default: return Scan<Mask, 0>(text, from, end, probes, line_feeds);
  }
}

NameFinder::Block NameFinder::ScanPlain(const char* text, std::size_t from, std::size_t end,
                                        const std::vector<Probe>& probes,
                                        std::uint64_t& line_feeds) {
  return ScanAny<PlainMask>(text, from, end, probes, line_feeds);
}

#ifdef LOCKSTEP_X86
__attribute__((target("avx2,popcnt"))) NameFinder::Block NameFinder::ScanAvx2(
    const char* text, std::size_t from, std::size_t end, const std::vector<Probe>& probes,
    std::uint64_t& line_feeds) {
  return ScanAny<Avx2Mask>(text, from, end, probes, line_feeds);
}

__attribute__((target("avx512f,avx512bw,popcnt"))) NameFinder::Block NameFinder::ScanAvx512(
    const char* text, std::size_t from, std::size_t end, const std::vector<Probe>& probes,
    std::uint64_t& line_feeds) {
  return ScanAny<Avx512Mask>(text, from, end, probes, line_feeds);
}
#endif

NameFinder::Level NameFinder::BestLevel() {
#ifdef LOCKSTEP_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
    return Level::kAvx512;
  if (__builtin_cpu_supports("avx2")) return Level::kAvx2;
#endif
  return Level::kPlain;
}

std::string_view NameFinder::LevelName(Level level) {
  switch (level) {
    case Level::kAvx512: return "AVX-512";
    case Level::kAvx2: return "AVX2";
    default: return "baseline";
  }
}

NameFinder::NameFinder(const std::vector<std::string>& names, Level level) : scan_(&ScanPlain) {
  CHECK(level <= BestLevel()) << "this processor has no " << LevelName(level);
#ifdef LOCKSTEP_X86
  if (level == Level::kAvx512) scan_ = &ScanAvx512;
  if (level == Level::kAvx2) scan_ = &ScanAvx2;
#endif
  for (const std::string& name : names) {
    empty_name_ = empty_name_ || name.empty();
    if (!name.empty() && name.find('\n') == std::string::npos) names_.push_back(name);
  }
  std::ranges::stable_sort(names_, {}, &std::string::size);
  for (const std::string& name : names_) {
    std::vector<std::size_t> rarest(name.size());
    for (std::size_t i = 0; i < rarest.size(); ++i) rarest[i] = i;
    std::ranges::stable_sort(rarest, {}, [&](std::size_t i) { return Commonness(name[i]); });
    const std::size_t first = rarest[0];
    const std::size_t second = rarest[std::min<std::size_t>(1, rarest.size() - 1)];
    probes_.push_back({{first, second}, {name[first], name[second]}});
    longest_ = name.size();
  }
}

std::size_t NameFinder::NameEnd(std::string_view text, std::size_t at) const {
  const std::string_view rest = text.substr(at);
  for (const std::string& name : names_) {
    if (rest.starts_with(name)) return at + name.size();
  }
  return std::string_view::npos;
}

NameFinder::Found NameFinder::FindInTail(std::string_view text, std::size_t from) const {
  Found first{std::string_view::npos, std::string_view::npos};
  for (const std::string& name : names_) {
    const std::size_t at = text.find(name, from);
    if (at < first.begin) first = {at, at + name.size()};
  }
  return first;
}

NameFinder::Found NameFinder::Find(std::string_view text, std::size_t from,
                                   std::uint64_t& line_feeds) const {
  if (empty_name_) return {from, from};
  // Up to here a probe reads nothing beyond the text.
  const std::size_t end = text.size() - std::min(text.size(), longest_);
  while (true) {
    const Block block = scan_(text.data(), from, end, probes_, line_feeds);
    from = block.begin;
    if (block.places == 0) break;
    for (std::uint64_t places = block.places; places != 0; places &= places - 1) {
      const int k = std::countr_zero(places);
      const std::size_t at = from + static_cast<std::size_t>(k);
      const std::size_t name_end = NameEnd(text, at);
      if (name_end == std::string_view::npos) continue;
      const std::uint64_t before = (std::uint64_t{1} << k) - 1;
      line_feeds += static_cast<std::uint64_t>(std::popcount(block.line_feeds & before));
      return {at, name_end};
    }
    line_feeds += static_cast<std::uint64_t>(std::popcount(block.line_feeds));
    from += kBlock;
  }
  const Found found = FindInTail(text, from);
  const std::string_view passed = text.substr(from, std::min(found.begin, text.size()) - from);
  line_feeds += static_cast<std::uint64_t>(std::ranges::count(passed, '\n'));
  return found;
}

}  // namespace lockstep
