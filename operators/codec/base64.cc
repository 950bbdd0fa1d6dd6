#include "operators/codec/base64.h"

namespace lockstep {
namespace {

// -1: no digit.
int DigitOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

Result<std::string> DecodeBase64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  unsigned bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || text[i] == '\r') continue;
    if (text[i] == '=') {
      ++padding;
      continue;
    }
    const int digit = DigitOf(text[i]);
    if (digit < 0 || padding > 0) {
      return InvalidArgument("is no base64: character " + std::to_string(i + 1) + ", '" +
                             std::string(1, text[i]) + "', cannot stand there");
    }
    bits = bits << 6 | static_cast<unsigned>(digit);
    if (++digits % 4 != 1) {
      bytes += static_cast<char>(bits >> (6 - 2 * ((digits - 1) % 4)) & 0xFF);
    }
  }
  if (padding > 2 || (digits + padding) % 4 != 0) {
    return InvalidArgument("is no base64: its length, with = at the end, must be a multiple of 4");
  }
  return bytes;
}

std::string EncodeBase64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u;
    };
    const unsigned bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    text += {kDigits[bits >> 18], kDigits[bits >> 12 & 63],
             i + 1 < bytes.size() ? kDigits[bits >> 6 & 63] : '=',
             i + 2 < bytes.size() ? kDigits[bits & 63] : '='};
  }
  return text;
}

}  // namespace lockstep
