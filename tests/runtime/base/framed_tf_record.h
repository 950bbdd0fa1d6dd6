// TFRecord framing as a writer makes it, apart from the reader under test: length, its masked
// CRC-32C, the data, its masked CRC-32C.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/tf_record.h"

namespace lockstep {

inline std::string LittleEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xffU);
  return text;
}

inline std::string FramedTfRecord(const std::string& data) {
  const std::string length = LittleEndian(data.size(), 8);
  return length + LittleEndian(MaskedCrc32c(length), 4) + data +
         LittleEndian(MaskedCrc32c(data), 4);
}

}  // namespace lockstep
