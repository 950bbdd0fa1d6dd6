#include "operators/observe/utf8_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace lockstep {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Go's unicode.IsSpace.
constexpr std::array<std::string_view, 25> kSpaces = {
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80"};

unsigned char At(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// The first place at or behind `i` that may be no ASCII; looks at eight at once.
std::size_t SkipAscii(std::string_view text, std::size_t i) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t eight = 0;
  for (; i + sizeof eight <= text.size(); i += sizeof eight) {
    std::memcpy(&eight, text.data() + i, sizeof eight);
    if ((eight & kHighBits) != 0) break;
  }
  return i;
}

// Bytes of the valid character at `i`; 0: there is none.
std::size_t ValidBytes(std::string_view text, std::size_t i) {
  const unsigned char lead = At(text, i);
  if (lead < 0x80) return 1;
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || i + bytes > text.size()) return 0;
  for (std::size_t k = 1; k < bytes; ++k) {
    if ((At(text, i + k) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = At(text, i + 1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool surrogate = lead == 0xed && second > 0x9f;
  const bool beyond = lead == 0xf4 && second > 0x8f;
  return overlong || surrogate || beyond ? 0 : bytes;
}

}  // namespace

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  std::size_t begin = 0;  // of valid text that is not copied yet
  for (std::size_t i = SkipAscii(text, 0); i < text.size(); i = SkipAscii(text, i)) {
    const std::size_t bytes = ValidBytes(text, i);
    if (bytes == 0) {
      valid += text.substr(begin, i - begin);
      valid += kReplacement;
      begin = i + 1;
    }
    i += std::max<std::size_t>(bytes, 1);
  }
  valid += text.substr(begin);
  return valid;
}

bool IsValidUtf8(std::string_view text) {
  for (std::size_t i = SkipAscii(text, 0); i < text.size(); i = SkipAscii(text, i)) {
    const std::size_t bytes = ValidBytes(text, i);
    if (bytes == 0) return false;
    i += bytes;
  }
  return true;
}

std::string_view TrimSpace(std::string_view text) {
  // Space or no ASCII at all.
  const auto may_be_space = [](char c) { return static_cast<signed char>(c) <= ' '; };
  if (text.empty() || (!may_be_space(text.front()) && !may_be_space(text.back()))) return text;
  for (bool trimmed = true; trimmed;) {
    trimmed = false;
    for (const std::string_view space : kSpaces) {
      if (text.starts_with(space)) {
        text.remove_prefix(space.size());
        trimmed = true;
      }
      if (text.ends_with(space)) {
        text.remove_suffix(space.size());
        trimmed = true;
      }
    }
  }
  return text;
}

std::size_t CharacterBytes(std::string_view text, std::size_t offset) {
  return offset < text.size() ? std::max<std::size_t>(ValidBytes(text, offset), 1) : 1;
}

}  // namespace lockstep
