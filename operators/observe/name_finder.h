// NameFinder: where a text mentions any of several names, at the speed of memory.
//
// Most of a log names no metric. Comparing two bytes of each name with 64 places of the text at
// once rules nearly all of it out; only what is left is compared byte for byte. The line feeds
// passed over are counted on the way, so that lines have numbers without a second look.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

class NameFinder {
 public:
  // The vector instructions that are used.
  enum class Level : std::uint8_t { kPlain, kAvx2, kAvx512 };
  static Level BestLevel();  // of this processor
  static std::string_view LevelName(Level level);

  // REQUIRES: this processor has `level`.
  explicit NameFinder(const std::vector<std::string>& names, Level level = BestLevel());

  struct Found {
    std::size_t begin;  // npos: none
    std::size_t end;
  };
  // The first name that begins at or behind `from` and does not go on into another line; the
  // shortest where several begin. An empty name is found everywhere. Adds to `line_feeds` those
  // from `from` up to what is found, or to the end.
  Found Find(std::string_view text, std::size_t from, std::uint64_t& line_feeds) const;

 private:
  // Two bytes by which a name is told from other text.
  struct Probe {
    std::array<std::size_t, 2> offset;
    std::array<char, 2> byte;
  };
  // 64 places, the first at `begin`; bit k of `places`: at begin + k both bytes of a probe are
  // there.
  struct Block {
    std::size_t begin;
    std::uint64_t places;
    std::uint64_t line_feeds;  // bit k: a line feed at begin + k
  };
  using ScanFunction = Block (*)(const char* text, std::size_t from, std::size_t end,
                                 const std::vector<Probe>& probes, std::uint64_t& line_feeds);

  template <class Mask>
  static Block ScanAny(const char* text, std::size_t from, std::size_t end,
                       const std::vector<Probe>& probes, std::uint64_t& line_feeds);
  template <class Mask, std::size_t kProbes>
  static Block Scan(const char* text, std::size_t from, std::size_t end,
                    const std::vector<Probe>& probes, std::uint64_t& line_feeds);
  static Block ScanPlain(const char* text, std::size_t from, std::size_t end,
                         const std::vector<Probe>& probes, std::uint64_t& line_feeds);
  static Block ScanAvx2(const char* text, std::size_t from, std::size_t end,
                        const std::vector<Probe>& probes, std::uint64_t& line_feeds);
  static Block ScanAvx512(const char* text, std::size_t from, std::size_t end,
                          const std::vector<Probe>& probes, std::uint64_t& line_feeds);

  // Find, name by name, for the last few places.
  Found FindInTail(std::string_view text, std::size_t from) const;
  // End of the name that begins at `at`; npos: none does.
  std::size_t NameEnd(std::string_view text, std::size_t at) const;

  std::vector<std::string> names_;  // shortest first
  std::vector<Probe> probes_;       // one a name
  bool empty_name_ = false;
  std::size_t longest_ = 0;
  ScanFunction scan_;
};

}  // namespace lockstep
