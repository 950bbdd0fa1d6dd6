#include "operators/observe/default_filter.h"

#include <array>

namespace lockstep {
namespace {

enum Class : std::uint8_t { kDigit = 1, kWord = 2, kName = 4, kSpace = 8 };

// RE2's classes: ASCII only, and \s without the vertical tab.
constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes = {};
  for (int c = '0'; c <= '9'; ++c) classes[static_cast<std::size_t>(c)] = kDigit | kWord | kName;
  for (int c = 'a'; c <= 'z'; ++c) {
    classes[static_cast<std::size_t>(c)] = kWord | kName;
    classes[static_cast<unsigned char>(c - 'a' + 'A')] = kWord | kName;
  }
  classes['_'] = kWord | kName;
  classes['|'] = classes['-'] = kName;
  for (const char c : {'\t', '\n', '\f', '\r', ' '})
    classes[static_cast<unsigned char>(c)] = kSpace;
  return classes;
}();

bool Is(Class wanted, char c) { return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0; }

// The first place at or behind `at` whose character is not of the class.
std::size_t Skip(Class wanted, std::string_view line, std::size_t at) {
  while (at < line.size() && Is(wanted, line[at])) ++at;
  return at;
}

// The first place of the characters of the class that end at `at`, and not before `begin`.
std::size_t SkipBack(Class wanted, std::string_view line, std::size_t begin, std::size_t at) {
  while (at > begin && Is(wanted, line[at - 1])) --at;
  return at;
}

// Where `[+-]?\d*(\.\d+)?([Ee][+-]?\d+)?` ends that begins at `at`.
std::size_t NumberEnd(std::string_view line, std::size_t at) {
  const auto is_one_of = [&](std::size_t i, char a, char b) {
    return i < line.size() && (line[i] == a || line[i] == b);
  };
  const auto digits_at = [&](std::size_t i) { return i < line.size() && Is(kDigit, line[i]); };
  if (is_one_of(at, '+', '-')) ++at;
  at = Skip(kDigit, line, at);
  if (is_one_of(at, '.', '.') && digits_at(at + 1)) at = Skip(kDigit, line, at + 1);
  if (is_one_of(at, 'e', 'E')) {
    const std::size_t exponent = at + (is_one_of(at + 1, '+', '-') ? 2 : 1);
    if (digits_at(exponent)) at = Skip(kDigit, line, exponent);
  }
  return at;
}

// The number behind the `=` at `equals` when the word before it is `word`; -1: no match.
std::int64_t CountBehind(std::string_view word, std::string_view line, std::size_t equals) {
  constexpr std::size_t kDigitsMax = 18;
  const std::size_t word_end = SkipBack(kSpace, line, 0, equals);
  if (!line.substr(0, word_end).ends_with(word)) return -1;
  const std::size_t word_begin = word_end - word.size();
  if (word_begin > 0 && Is(kWord, line[word_begin - 1])) return -1;
  const std::size_t begin = Skip(kSpace, line, equals + 1);
  const std::size_t end = Skip(kDigit, line, begin);
  if (begin == end || end - begin > kDigitsMax) return -1;
  if (end < line.size() && Is(kWord, line[end])) return -1;
  std::int64_t count = 0;
  for (std::size_t i = begin; i < end; ++i) count = count * 10 + (line[i] - '0');
  return count;
}

}  // namespace

bool DefaultFilterMatches::Next() {
  for (std::size_t from = position_; from < line_.size();) {
    const std::size_t equals = line_.find('=', from);
    if (equals == std::string_view::npos) break;
    from = equals + 1;
    const std::size_t name_end = SkipBack(kSpace, line_, position_, equals);
    const std::size_t name_begin = SkipBack(kName, line_, position_, name_end);
    if (name_begin == name_end) continue;
    const std::size_t value_begin = Skip(kSpace, line_, equals + 1);
    position_ = NumberEnd(line_, value_begin);
    name_ = line_.substr(name_begin, name_end - name_begin);
    value_ = line_.substr(value_begin, position_ - value_begin);
    return true;
  }
  position_ = line_.size();
  return false;
}

std::int64_t ReportedStep(std::string_view line) {
  std::int64_t step = -1;
  for (std::size_t equals = line.find('='); equals != std::string_view::npos;
       equals = line.find('=', equals + 1)) {
    if (const std::int64_t epoch = CountBehind("epoch", line, equals); epoch >= 0) return epoch;
    if (step < 0) step = CountBehind("step", line, equals);
  }
  return step < 0 ? 0 : step;
}

}  // namespace lockstep
